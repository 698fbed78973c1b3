/** Rules about what nobody uses: files, exports, fault codes. */
import {
  type Breach,
  childNode,
  childNodes,
  findNodes,
  lineAt,
  listImports,
  type Node,
  type Source,
  textField,
  walk,
} from './code.ts';

const ENTRY = 'src/main.ts';

/** Every file of src/ is reached from main.ts by imports. */
export function judgeUnusedFiles(sources: readonly Source[]): Breach[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  if (!byPath.has(ENTRY)) {
    return [{ path: ENTRY, line: 1, what: 'is missing', mend: 'write it: it joins the parts' }];
  }
  const reached = new Set<string>();
  const queue = [ENTRY];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const source = byPath.get(path);
    if (!source || reached.has(path)) continue;
    reached.add(path);
    for (const { target } of listImports(source)) if (target) queue.push(target);
  }
  return sources
    .filter(({ path }) => path.startsWith('src/') && !reached.has(path))
    .map(({ path }) => {
      const mend = 'delete it, or use it: a test alone is no use';
      return { path, line: 1, what: `is not reached from ${ENTRY}`, mend };
    });
}

interface Export {
  readonly name: string;
  readonly start: number;
  /** A type that its own file uses is part of what the file promises. */
  readonly isPromise?: boolean;
}

/** Every export of src/ is imported somewhere. */
export function judgeUnusedExports(sources: readonly Source[]): Breach[] {
  const used = new Set<string>();
  const wholly = new Set<string>();
  for (const source of sources) {
    for (const { target, names } of listImports(source)) {
      if (names === null) wholly.add(target ?? '');
      for (const name of names ?? []) used.add(`${target}#${name}`);
    }
  }
  return sources
    .filter(({ path }) => path.startsWith('src/') && path !== ENTRY && !wholly.has(path))
    .flatMap((source) =>
      listExports(source)
        .filter(({ name, isPromise }) => !isPromise && !used.has(`${source.path}#${name}`))
        .map(({ name, start }) => ({
          path: source.path,
          line: lineAt(source, start),
          what: `exports ${name}, which nobody imports`,
          mend: 'drop the word export, or delete it',
        })),
    );
}

function listExports(source: Source): Export[] {
  return childNodes(source.program, 'body').flatMap((node) => {
    const { start } = node;
    if (node.type === 'ExportDefaultDeclaration') return [{ name: 'default', start }];
    if (node.type !== 'ExportNamedDeclaration') return [];
    const declaration = childNode(node, 'declaration');
    const names = declaration
      ? listDeclared(declaration)
      : childNodes(node, 'specifiers').map((one) => textField(childNode(one, 'exported'), 'name'));
    const isType = TYPES.includes(declaration?.type ?? '');
    return names
      .filter((name) => name !== null)
      .map((name) => ({ name, start, isPromise: isType && countNames(source, name) > 1 }));
  });
}

const TYPES = ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration'];

function countNames(source: Source, name: string): number {
  return findNodes(source, 'Identifier').filter((node) => textField(node, 'name') === name).length;
}

function listDeclared(declaration: Node): (string | null)[] {
  if (declaration.type !== 'VariableDeclaration') {
    return [textField(childNode(declaration, 'id'), 'name')];
  }
  return childNodes(declaration, 'declarations').map((one) =>
    textField(childNode(one, 'id'), 'name'),
  );
}

const FAULT_FILE = 'src/kit/fault.ts';

/** Strings by which src/ raises a fault: in `new Fault(…)`, or data of a file that knows faults. */
export function listRaised(sources: readonly Source[]): Set<string> {
  const raised = new Set<string>();
  for (const source of sources.filter(({ path }) => path.startsWith('src/'))) {
    const knowsFaults = listImports(source).some(({ target }) => target === FAULT_FILE);
    if (knowsFaults) addLiterals(source.program, raised);
    for (const node of findNodes(source, 'NewExpression')) {
      if (textField(childNode(node, 'callee'), 'name') !== 'Fault') continue;
      const [code] = childNodes(node, 'arguments');
      if (code) addLiterals(code, raised);
    }
  }
  return raised;
}

function addLiterals(root: Node, into: Set<string>): void {
  walk(root, (node) => {
    const text = node.type === 'Literal' ? textField(node, 'value') : null;
    if (text !== null) into.add(text);
  });
}

export interface FaultEvidence {
  readonly codes: readonly string[];
  /** docs/faults.md */
  readonly docs: string;
  readonly sources: readonly Source[];
  /** All tests but those of the house. */
  readonly tests: readonly Source[];
}

/** Every fault code is documented, raised and tested. */
export function judgeFaults({ codes, docs, sources, tests }: FaultEvidence): Breach[] {
  const raised = listRaised(sources);
  const tested = new Set<string>();
  for (const { program } of tests) addLiterals(program, tested);
  const at = (code: string, what: string, mend: string): Breach => {
    return { path: FAULT_FILE, line: 1, what: `fault ${code} ${what}`, mend };
  };
  return codes.flatMap((code) => [
    ...(docs.includes(`\`${code}\``)
      ? []
      : [at(code, 'is not in docs/faults.md', 'write when it comes and what helps')]),
    ...(raised.has(code) ? [] : [at(code, 'is raised nowhere', 'raise it, or delete it')]),
    ...(tested.has(code) ? [] : [at(code, 'is in no test', 'write the test that raises it')]),
  ]);
}
