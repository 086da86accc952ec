import { count } from "@/shared/figures";

/** Bytes as people look at them: offset, hexadecimal, and what of it is ASCII. */
export interface HexLine {
  offset: string;
  hex: string;
  text: string;
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Lines of *width* bytes. */
export function hexLines(bytes: Uint8Array, width = 16): HexLine[] {
  const lines: HexLine[] = [];
  for (let start = 0; start < bytes.length; start += width) {
    const part = [...bytes.slice(start, start + width)];
    lines.push({
      offset: start.toString(16).padStart(6, "0"),
      hex: part.map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
      text: part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join(""),
    });
  }
  return lines;
}

export function inBytes(size: number): string {
  return size === 1 ? "1 byte" : `${count(size)} bytes`;
}
