/** How large a picture is, by the first bytes of its file. */

export interface Sides {
  readonly width: number;
  readonly height: number;
}

/** null where these bytes do not say it. */
export function sidesOf(mime: string, head: Buffer): Sides | null {
  try {
    if (mime === 'image/png')
      return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
    if (mime === 'image/jpeg') return jpegSides(head);
    if (mime === 'image/webp') return webpSides(head);
  } catch {
    // Cut off before it came to that.
  }
  return null;
}

const FRAMES = /^\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]/;

/** From segment to segment, up to the one that begins the frame. */
function jpegSides(head: Buffer): Sides | null {
  for (let at = 2; head.readUInt8(at) === 0xff; at += 2 + head.readUInt16BE(at + 2)) {
    if (!FRAMES.test(head.toString('latin1', at, at + 2))) continue;
    return { width: head.readUInt16BE(at + 7), height: head.readUInt16BE(at + 5) };
  }
  return null;
}

/** Lossless, lossy and extended files each say it in their own place. */
function webpSides(head: Buffer): Sides | null {
  switch (head.toString('latin1', 12, 16)) {
    case 'VP8L': {
      const bits = head.readUInt32LE(21);
      return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
    }
    case 'VP8 ':
      return { width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff };
    case 'VP8X':
      return { width: head.readUIntLE(24, 3) + 1, height: head.readUIntLE(27, 3) + 1 };
    default:
      return null;
  }
}
