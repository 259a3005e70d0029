// A small QR encoder (ISO/IEC 18004): alphanumeric mode, error correction M, versions 1 to 10.
// encode(text) -> { size, mask, dark: (row, column) => boolean }; throws on other characters.
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
// Per version: correction codewords of a block, then [blocks, data codewords] once or twice.
const BLOCKS = [
  [10, [1, 16]], [16, [1, 28]], [26, [1, 44]], [18, [2, 32]], [24, [2, 43]],
  [16, [4, 27]], [18, [4, 31]], [22, [2, 38], [2, 39]], [22, [3, 36], [2, 37]], [26, [4, 43], [1, 44]],
];
const ALIGNMENT = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];
const MASKS = [
  (r, c) => (r + c) % 2 === 0,
  (r) => r % 2 === 0,
  (r, c) => c % 3 === 0,
  (r, c) => (r + c) % 3 === 0,
  (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

// GF(256) with the polynomial 0x11d.
const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i += 1) {
  EXP[i] = x;
  EXP[i + 255] = x;
  LOG[x] = i;
  x = (x << 1) ^ (x & 0x80 ? 0x11d : 0);
}

function correction(data, count) {
  let generator = [1];
  for (let i = 0; i < count; i += 1) {
    const next = [...generator, 0];
    generator.forEach((value, at) => { if (value) next[at + 1] ^= EXP[LOG[value] + i]; });
    generator = next;
  }
  const rest = [...data, ...new Array(count).fill(0)];
  for (let i = 0; i < data.length; i += 1) {
    if (!rest[i]) continue;
    const factor = LOG[rest[i]];
    generator.forEach((value, at) => { if (value) rest[i + at] ^= EXP[LOG[value] + factor]; });
  }
  return rest.slice(data.length);
}

function dataBits(text, version) {
  const bits = [];
  const put = (value, count) => { for (let i = count - 1; i >= 0; i -= 1) bits.push((value >> i) & 1); };
  put(0b0010, 4);
  put(text.length, version < 10 ? 9 : 11);
  for (let i = 0; i < text.length; i += 2) {
    const first = ALPHABET.indexOf(text[i]);
    if (i + 1 < text.length) put(first * 45 + ALPHABET.indexOf(text[i + 1]), 11);
    else put(first, 6);
  }
  return bits;
}

const capacity = (version) => BLOCKS[version - 1].slice(1).reduce((sum, [blocks, size]) => sum + blocks * size, 0);

function codewords(bits, version) {
  const room = capacity(version) * 8;
  for (let i = 0; i < 4 && bits.length < room; i += 1) bits.push(0);
  while (bits.length % 8) bits.push(0);
  const data = [];
  for (let i = 0; i < bits.length; i += 8) data.push(parseInt(bits.slice(i, i + 8).join(""), 2));
  for (let pad = 0xec; data.length < room / 8; pad ^= 0xec ^ 0x11) data.push(pad);
  const [count, ...groups] = BLOCKS[version - 1];
  const blocks = [];
  let start = 0;
  for (const [many, size] of groups) {
    for (let i = 0; i < many; i += 1, start += size) blocks.push(data.slice(start, start + size));
  }
  const checks = blocks.map((block) => correction(block, count));
  const woven = [];
  const longest = Math.max(...blocks.map((block) => block.length));
  for (let i = 0; i < longest; i += 1) for (const block of blocks) if (i < block.length) woven.push(block[i]);
  for (let i = 0; i < count; i += 1) for (const check of checks) woven.push(check[i]);
  return woven;
}

// Cells: undefined is free for data, else 0 or 1.
function frame(version) {
  const size = 17 + 4 * version;
  const cells = Array.from({ length: size }, () => new Array(size));
  const set = (r, c, value) => { if (r >= 0 && c >= 0 && r < size && c < size) cells[r][c] = value ? 1 : 0; };
  for (const [top, left] of [[0, 0], [0, size - 7], [size - 7, 0]]) {
    for (let r = -1; r <= 7; r += 1) {
      for (let c = -1; c <= 7; c += 1) {
        const ring = Math.max(Math.abs(r - 3), Math.abs(c - 3));
        set(top + r, left + c, ring !== 2 && ring !== 4);
      }
    }
  }
  for (const r of ALIGNMENT[version - 1]) {
    for (const c of ALIGNMENT[version - 1]) {
      if (cells[r][c] !== undefined) continue;
      for (let y = -2; y <= 2; y += 1) for (let x = -2; x <= 2; x += 1) set(r + y, c + x, Math.max(Math.abs(y), Math.abs(x)) !== 1);
    }
  }
  for (let i = 8; i < size - 8; i += 1) {
    cells[6][i] ??= i % 2 ? 0 : 1;
    cells[i][6] ??= i % 2 ? 0 : 1;
  }
  writeFormat(cells, 0);
  writeVersion(cells, version);
  return cells;
}

function remainder(value, polynomial, bits) {
  let rest = value << bits;
  for (let top = 31 - Math.clz32(rest || 1); rest && top >= bits; top = 31 - Math.clz32(rest || 1)) rest ^= polynomial << (top - bits);
  return (value << bits) | rest;
}

function writeFormat(cells, mask) {
  const size = cells.length;
  const format = remainder(mask, 0x537, 10) ^ 0x5412; // level M is 00
  for (let i = 0; i < 15; i += 1) {
    const bit = (format >> i) & 1;
    const up = i < 6 ? i : i < 8 ? i + 1 : size - 15 + i;
    const along = i < 8 ? size - 1 - i : i < 9 ? 7 : 14 - i;
    cells[up][8] = bit;
    cells[8][along] = bit;
  }
  cells[size - 8][8] = 1;
}

function writeVersion(cells, version) {
  if (version < 7) return;
  const size = cells.length;
  const info = remainder(version, 0x1f25, 12);
  for (let i = 0; i < 18; i += 1) {
    const bit = (info >> i) & 1;
    cells[Math.floor(i / 3)][size - 11 + (i % 3)] = bit;
    cells[size - 11 + (i % 3)][Math.floor(i / 3)] = bit;
  }
}

function fill(cells, words, mask) {
  const size = cells.length;
  let at = 0;
  for (let right = size - 1, upwards = true; right > 0; right -= 2, upwards = !upwards) {
    if (right === 6) right -= 1;
    for (let step = 0; step < size; step += 1) {
      const r = upwards ? size - 1 - step : step;
      for (const c of [right, right - 1]) {
        if (cells[r][c] !== undefined) continue;
        const bit = at < words.length * 8 ? (words[at >> 3] >> (7 - (at & 7))) & 1 : 0;
        at += 1;
        cells[r][c] = bit ^ (MASKS[mask](r, c) ? 1 : 0);
      }
    }
  }
  writeFormat(cells, mask);
  return cells;
}

// The standard's four penalties: runs, squares, patterns like a finder, balance.
function penalty(cells) {
  const size = cells.length;
  let points = 0;
  let dark = 0;
  const lines = [...cells, ...cells.map((_, c) => cells.map((row) => row[c]))];
  for (const line of lines) {
    let run = 1;
    for (let i = 1; i <= size; i += 1) {
      if (i < size && line[i] === line[i - 1]) run += 1;
      else { if (run >= 5) points += run - 2; run = 1; }
    }
    const text = line.join("");
    for (const pattern of ["10111010000", "00001011101"]) {
      for (let i = text.indexOf(pattern); i >= 0; i = text.indexOf(pattern, i + 1)) points += 40;
    }
  }
  for (let r = 0; r < size; r += 1) {
    for (let c = 0; c < size; c += 1) {
      dark += cells[r][c];
      if (r && c && cells[r][c] === cells[r - 1][c] && cells[r][c] === cells[r][c - 1] && cells[r][c] === cells[r - 1][c - 1]) points += 3;
    }
  }
  return points + 10 * Math.floor(Math.abs((dark * 20) / (size * size) - 10));
}

export function encode(text) {
  if ([...text].some((c) => !ALPHABET.includes(c))) throw new RangeError("not alphanumeric");
  const version = BLOCKS.findIndex((_, i) => dataBits(text, i + 1).length <= capacity(i + 1) * 8) + 1;
  if (!version) throw new RangeError("too long");
  const words = codewords(dataBits(text, version), version);
  const drawn = MASKS.map((_, mask) => fill(frame(version), words, mask));
  const points = drawn.map(penalty);
  const mask = points.indexOf(Math.min(...points));
  return { size: drawn[mask].length, mask, version, dark: (r, c) => drawn[mask][r][c] === 1 };
}

export function draw(canvas, text) {
  const code = encode(text);
  const border = 4;
  const scale = Math.max(1, Math.floor(canvas.width / (code.size + 2 * border)));
  const offset = Math.floor((canvas.width - scale * code.size) / 2);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#000";
  for (let r = 0; r < code.size; r += 1) {
    for (let c = 0; c < code.size; c += 1) if (code.dark(r, c)) pen.fillRect(offset + c * scale, offset + r * scale, scale, scale);
  }
}
