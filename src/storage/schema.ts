/** The tables, as Kysely sees them. Money columns are 64-bit integers of nano-units. */
import type { ColumnType, Generated } from 'kysely';

/** Written as bigint or number; read as text (queries.ts casts it), for it may exceed 2^53. */
type Nanos = ColumnType<string, number | bigint, number | bigint>;

export interface KeysTable {
  id: string;
  account_id: string;
  name: string;
  hash: string;
  hint: string;
  role: string;
  state: string;
  created_ms: number;
  expires_ms: number | null;
  models: string | null;
  addresses: string | null;
  rpm: number | null;
  tpm: number | null;
  concurrency: number | null;
  budget: ColumnType<string | null, bigint | null, bigint | null>;
  spent: Nanos;
  held: Nanos;
  on_disconnect: string;
  contract: string | null;
  rescue: number | null;
  json_attempts_max: number | null;
  json_again_max: ColumnType<string | null, bigint | null, bigint | null>;
}

export interface AccountsTable {
  id: string;
  name: string;
  unlimited: number;
  created_ms: number;
  balance: Nanos;
  held: Nanos;
  /** Budgets of this account and of its keys; kept by triggers. */
  budgeted: Generated<number>;
}

export interface AppsTable {
  id: string;
  account_id: string;
  name: string;
  callback_domain: string;
  scenario: string;
  key_hash: string;
  key_hint: string;
  secret_hash: string;
  state: string;
  contract: string | null;
  generation: number;
  created_ms: number;
}

export interface EntriesTable {
  cause: string;
  from_account: string;
  to_account: string;
  amount: Nanos;
  at_ms: number;
}

export interface PricesTable {
  id: string;
  text: string;
}

/** Calls that nobody has ended: few, so that writing one costs little. */
export interface HoldsTable {
  id: string;
  account_id: string;
  key_id: string;
  key_budgeted: number;
  request_id: string;
  service: string;
  model: string;
  stream: number;
  hold: Nanos;
  price_id: string | null;
  started_ms: number;
  /** open or unknown. */
  state: string;
  evidence: string | null;
  endpoint: string | null;
  /** The most tokens it may use. */
  tokens: number;
  /** Ids of the budgets that it counts in, separated by commas. */
  budgets: string | null;
  /** Who carries it; null where there is only one. */
  node: string | null;
}

/** Calls that ended. */
export interface CallsTable extends Omit<HoldsTable, 'node'> {
  charge: Nanos;
  shortfall: Nanos;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  reasoning_tokens: number;
  usage_source: string;
  end_reason: string;
  fault: string | null;
  upstream: string | null;
  wire_model: string | null;
  attempts: string;
  queued_ms: number;
  first_byte_ms: number | null;
  total_ms: number;
  cache_write_tokens: number;
  /** JSON object of units and traits; null: tokens are all. */
  units: string | null;
}

export interface AccessKeysTable {
  id: string;
  account_id: string;
  sealed: string;
  state: string;
  created_ms: number;
}

export interface EndpointsTable {
  id: string;
  account_id: string;
  name: string;
  description: string;
  model: string;
  state: string;
  rpm: number | null;
  tpm: number | null;
  contract: string | null;
  /** JSON object. */
  tags: string;
  project: string;
  created_ms: number;
  updated_ms: number;
}

/** Answers that later questions go on from. */
export interface ResponsesTable {
  account_id: string;
  id: string;
  previous_id: string | null;
  model: string;
  /** JSON array of items. */
  input: string;
  /** JSON object. */
  response: string;
  bytes: number;
  created_ms: number;
  expires_ms: number;
}

export interface ResponseItemsTable {
  account_id: string;
  item_id: string;
  response_id: string;
}

export interface IdempotencyTable {
  id: string;
  account_id: string;
  body_hash: string;
  owner: string;
  /** running, done or lost. */
  state: string;
  lease_until_ms: number;
  expires_ms: number;
  bytes: number;
  status: number | null;
  /** JSON object. */
  headers: string | null;
  body: Uint8Array | null;
}

export interface BudgetsTable {
  id: string;
  account_id: string;
  scope: string;
  owner_id: string;
  period: string;
  unit: string;
  most: Nanos;
  created_ms: number;
}

/** What is used of a budget in one day or month, or at all. */
export interface BudgetWindowsTable {
  budget_id: string;
  name: string;
  spent: Nanos;
  held: Nanos;
}

export interface NodesTable {
  id: string;
  started_ms: number;
  lease_until_ms: number;
}

/** What accounts have at vendors. */
export interface ResourcesTable {
  id: string;
  account_id: string;
  kind: string;
  upstream: string;
  /** JSON object, as the vendor last showed it. */
  body: string;
  created_ms: number;
  expires_ms: number;
}

export interface TasksTable {
  id: string;
  account_id: string;
  key_id: string;
  call_id: string;
  mount: string;
  native_id: string;
  kind: string;
  model: string;
  upstream: string;
  vendor_id: string | null;
  phase: string;
  state: string;
  cancel_asked: number;
  created_ms: number;
  ended_ms: number | null;
  next_ms: number;
  lease_until_ms: number;
  lease_no: number;
  repeat_key: string | null;
  own_name: string | null;
  asked: string | null;
  unheard: number;
  token: string;
  events: number;
  told: number;
  /** JSON. */
  job: string;
  doc: string;
  body: string | null;
  saves: number;
}

export interface ResultsTable {
  key: string;
  account_id: string;
  task_id: string;
  bytes: number;
  created_ms: number;
  expires_ms: number | null;
}

export interface WebhooksTable {
  id: string;
  account_id: string;
  url: string;
  events: string;
  profile: string;
  sealed: string;
  old_sealed: string | null;
  old_until_ms: number | null;
  state: string;
  reason: string | null;
  created_ms: number;
}

export interface DeliveriesTable {
  id: string;
  account_id: string;
  target: string;
  webhook_id: string | null;
  event_id: string;
  type: string;
  subject: string;
  place: number;
  url: string;
  payload: string;
  state: string;
  tries: number;
  attempts: string;
  created_ms: number;
  ended_ms: number | null;
  next_ms: number;
  lease_until_ms: number;
  lease_no: number;
}

export interface OperatorActsTable {
  id: string;
  at_ms: number;
  operator: string;
  command: string;
  subject: string;
  wish: string;
  state: string;
  ended_ms: number | null;
  problem: string | null;
}

export interface BalanceMarksTable {
  account_id: string;
  below: ColumnType<string | null, bigint | null, bigint | null>;
}

export interface AlarmsTable {
  kind: string;
  subject: string;
  is_on: number;
  times: number;
  since_ms: number;
  seen_ms: number;
}

export interface NoticesTable {
  id: string;
  event_id: string;
  account_id: string | null;
  type: string;
  subject: string;
  data: string;
  at_ms: number;
  told: number;
}

export interface Schema {
  operator_acts: OperatorActsTable;
  balance_marks: BalanceMarksTable;
  alarms: AlarmsTable;
  notices: NoticesTable;
  idempotency: IdempotencyTable;
  budgets: BudgetsTable;
  budget_windows: BudgetWindowsTable;
  nodes: NodesTable;
  responses: ResponsesTable;
  response_items: ResponseItemsTable;
  access_keys: AccessKeysTable;
  endpoints: EndpointsTable;
  resources: ResourcesTable;
  keys: KeysTable;
  accounts: AccountsTable;
  apps: AppsTable;
  entries: EntriesTable;
  prices: PricesTable;
  holds: HoldsTable;
  calls: CallsTable;
  tasks: TasksTable;
  results: ResultsTable;
  webhooks: WebhooksTable;
  deliveries: DeliveriesTable;
}
