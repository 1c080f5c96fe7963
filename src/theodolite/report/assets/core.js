// What every part of the page uses: the data, safe markup, numbers as text.
const page = JSON.parse(document.getElementById("data").textContent);
const rowsInTable = [...document.querySelectorAll("#table tbody tr")];
rowsInTable.forEach((line, row) => { line.dataset.row = row; });
const total = rowsInTable.length;
// Labels and shown values stand in the table; the rest comes with the data, in all digits.
const column = (k) => rowsInTable.map((line) => line.cells[k].textContent.trim());
const sets = { label: column(0), shown: column(2), ...page.sets };
const find = (query) => document.querySelector(query);
const state = { row: page.opening, yaw: 0.24, pitch: 0.84 };

// Markup made by h`...` escapes every text put into it; only markup made by h itself passes unchanged.
class Markup {
  constructor(text) { this.text = text; }
  toString() { return this.text; }
}
const escapeText = (text) => String(text).replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`);
const safe = (part) =>
  part instanceof Markup ? part.text
    : Array.isArray(part) ? part.map(safe).join("")
      : part === null || part === undefined || part === false ? "" : escapeText(part);
const h = (texts, ...parts) => new Markup(texts.reduce((done, text, i) => done + safe(parts[i - 1]) + text));
const put = (place, markup) => { place.innerHTML = safe(markup); };

const superscript = (n) => String(n).replace(/[-0-9]/g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
const scientific = (x, digits) => {
  const [mantissa, power] = x.toExponential(digits).split("e");
  return `${mantissa} × 10${superscript(+power)}`.replace("-", "−");
};
const groupedText = (text) => {
  const [whole, rest] = text.split(".");
  const digits = whole.replace("-", "").length >= 5 ? whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") : whole;
  return (rest === undefined ? digits : `${digits}.${rest}`).replace("-", "−");
};
// The same rule as number() in _numbers.py.
const number = (x) => {
  const size = Math.abs(x);
  if (x === 0) return "0";
  if (!(size < Infinity)) return "not finite";
  if (size >= 1e7 || size < 1e-3) return scientific(x, 2);
  const decimals = size >= 100 ? 1 : size >= 1 ? 2 : 2 - Math.floor(Math.log10(size));
  return groupedText(x.toFixed(decimals));
};
// All digits of a float, as faithful() writes them in _numbers.py.
const faithful = (x) => {
  const [mantissa, power] = String(x).split("e");
  return `${mantissa}${power ? ` × 10${superscript(+power)}` : ""}`.replace("-", "−");
};
const inFull = (row) => sets.exact[row] ?? (sets.value[row] === null ? sets.shown[row] : faithful(sets.value[row]));
const tickText = (x, step) => {
  if (Math.abs(x) < step * 1e-6) return "0";
  const power = Math.floor(Math.log10(step) + 1e-9);
  if (Math.abs(x) >= 1e7 || step < 1e-5) return scientific(x, Math.max(0, Math.floor(Math.log10(Math.abs(x)) + 1e-9) - power));
  return groupedText(x.toFixed(Math.max(0, -power)));
};
const niceStep = (span, count) => {
  const power = 10 ** Math.floor(Math.log10(span / count)), share = span / count / power;
  return (share < 2 ** 0.5 ? 1 : share < 10 ** 0.5 ? 2 : share < 50 ** 0.5 ? 5 : 10) * power;
};
const ticksBetween = (low, high, count) => {
  const step = niceStep(high - low || 1, count), out = [];
  for (let k = Math.ceil(low / step - 1e-9); k <= high / step + 1e-9; k++) out.push([k * step, tickText(k * step, step)]);
  return out;
};
const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
const px = (x) => Math.round(x * 10) / 10;

// Figures are drawn in units of their own: the same as CSS pixels, but larger where the page is set larger, for projectors.
const magnification = () => (innerWidth >= 1700 ? 1.2 : 1);
const roomIn = (place, most = Infinity) => Math.max(120, Math.min(place.clientWidth / magnification(), most));
const printing = () => document.documentElement.classList.contains("printing");
const drawing = (w, height, attributes, parts) => h`<svg width="${px(w * magnification())}" height="${px(height * magnification())}" viewBox="0 0 ${px(w)} ${px(height)}" ${attributes}>${parts}</svg>`;

const pen = document.createElement("canvas").getContext("2d");
const textWidth = (text, size, weight = 400) => {
  pen.font = `${weight} ${size}px system-ui, sans-serif`;
  return pen.measureText(text).width;
};
const shortened = (text, most = 22) => {
  const letters = [...text];
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join("")}…`;
};

// Names written from right to left must not turn the numbers beside them.
const isolated = (text) => (/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(text) ? `\u2068${text}\u2069` : text);

// Labels are placed one after the other, each where it hides no mark and no earlier label, or not at all.
class Placer {
  constructor(width, height, left = 0) { this.boxes = []; this.width = width; this.height = height; this.left = left; }
  free(box) {
    return box[0] >= this.left && box[2] <= this.width && box[1] >= 0 && box[3] <= this.height &&
      !this.boxes.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]);
  }
  block(x, y, r) { this.boxes.push([x - r, y - r, x + r, y + r]); }
  place(x, y, length, gap, must) {
    const spots = [[gap, 4.5, "start"], [-gap, 4.5, "end"], [gap - 5, -gap + 4, "start"], [gap - 5, gap + 5, "start"], [5 - gap, -gap + 4, "end"], [5 - gap, gap + 5, "end"]];
    for (const [dx, dy, anchor] of spots) {
      const left = anchor === "start" ? x + dx : x + dx - length;
      const box = [left - 2, y + dy - 12, left + length + 2, y + dy + 3];
      if (this.free(box)) { this.boxes.push(box); return [x + dx, y + dy, anchor]; }
    }
    if (!must) return null;
    const [dx, dy, anchor] = x + gap + length < this.width ? spots[0] : x - gap - length > 0 ? spots[1] : [-x, -gap, "start"];
    this.boxes.push([x + dx, y + dy - 12, x + dx + length, y + dy + 3]);
    return [x + dx, y + dy, anchor];
  }
}

// A panel is stored as its tag and the places of its fields in the pool.
const fieldsOf = ([tag, ...places]) => {
  const out = { tag };
  page.shapes[tag].forEach((name, i) => { out[name] = page.pool[places[i]]; });
  if (tag === "moves") [out.moves, out.more] = out.moves;
  if (out.marks) out.marks = out.marks.map(markFrom);
  return out;
};
const markFrom = ([x, y, kind, here, row, label = sets.label[row], value = sets.value[row]]) => ({ x, y, kind, here: here === 1, row, label, value, shown: number(value) });
const evidenceOf = (row) => page.evidence[sets.evidence[row]].map((line) => page.lines[line]);
const panelsOf = (row) => (page.panels[row] || []).map(fieldsOf);
const movesOf = (row) => panelsOf(row).filter((panel) => panel.tag === "moves").flatMap((panel) => panel.moves);
