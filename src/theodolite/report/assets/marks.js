// Hue is the verdict, shape the species, and an open mark says that something is not known.
const kindName = (code) => page.kinds[code][0];
const kindWords = (code) => page.kinds[code][1];

function mark(code, x, y, r) {
  const colour = `var(${page.kinds[code][3]})`, paper = "var(--paper)", s = r * 1.22;
  x = px(x); y = px(y);
  const diamond = `M${x} ${px(y - s)}L${px(x + s)} ${y}L${x} ${px(y + s)}L${px(x - s)} ${y}Z`;
  switch (kindName(code)) {
    case "GLOBAL_MINIMUM": return h`<circle cx="${x}" cy="${y}" r="${r}" fill="${colour}" stroke="${paper}"/>`;
    case "LOCAL_MINIMUM": return h`<circle cx="${x}" cy="${y}" r="${r - 0.7}" fill="${paper}" stroke="${colour}" stroke-width="1.8"/>`;
    case "SPURIOUS_MINIMUM": return h`<path d="M${px(x - s)} ${px(y - r * 0.8)}L${px(x + s)} ${px(y - r * 0.8)}L${x} ${px(y + r * 1.1)}Z" fill="${colour}" stroke="${paper}"/>`;
    case "STRICT_SADDLE": return h`<path d="${diamond}" fill="${colour}" stroke="${paper}"/>`;
    case "NON_STRICT_SADDLE": return h`<path d="${diamond}" fill="${paper}" stroke="${colour}" stroke-width="1.5"/><path d="M${x} ${px(y - s)}V${px(y + s)}L${px(x - s)} ${y}Z" fill="${colour}"/>`;
    case "SADDLE": return h`<path d="${diamond}" fill="${paper}" stroke="${colour}" stroke-width="1.6"/>`;
    default: return h`<rect x="${px(x - r * 0.85)}" y="${px(y - r * 0.85)}" width="${px(r * 1.7)}" height="${px(r * 1.7)}" fill="${paper}" stroke="${colour}" stroke-width="1.4" stroke-dasharray="2.5 2"/>`;
  }
}
// A bar under a mark: all of the set lies on kinks; half a bar: some of it does.
const kinkOf = (row) => (page.ladder.kinks ? page.ladder.kinks[row] : 0);
const kinkBar = (code, x, y, r, kink) => (kink ? h`<path d="M${px(x - r - 1)} ${px(y + r + 3.2)}h${px((kink > 1 ? 2 : 1) * (r + 1))}" stroke="var(${page.kinds[code][3]})" stroke-width="2" fill="none"/>` : null);
const glyph = (code, size = 14, kink = 0) => h`<svg width="${size}" height="${size}" viewBox="0 0 14 ${kink ? 16 : 14}" aria-hidden="true">${mark(code, 7, 7, 5)}${kinkBar(code, 7, 7, 5, kink)}</svg>`;
const ring = (x, y) => h`<circle cx="${px(x)}" cy="${px(y)}" r="12" fill="none" stroke="var(--ink)" stroke-width="1.4"/>`;
const known = (n) => (n === null ? "unknown" : n);
const inWords = (row) => `${sets.label[row]}, ${kindWords(sets.kind[row])}, ${page.description.loss} ${sets.shown[row]}, index ${known(sets.index[row])}${["", ", partly on kinks", ", on kinks"][kinkOf(row)]}`;
