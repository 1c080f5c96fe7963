// The table: sort by a heading, filter by words or by conditions such as "index<=2".
function sortBy(button) {
  const head = button.parentNode, name = button.dataset.sort, sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of document.querySelectorAll("#table th")) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const words = name === "way" || name === "strata" ? (row) => rowsInTable[row].cells[head.cellIndex].textContent : (row) => (name === "name" ? sets.label[row] : kindWords(sets.kind[row]));
  const value = name === "gain" ? (row) => -(sets.gain[row] || 0) : (row) => sets[name][row];
  const textual = ["name", "kind", "way", "strata"].includes(name);
  const order = [...rowsInTable.keys()].sort((p, q) => {
    if (textual) return sign * compare(words(p), words(q)) || p - q;
    const a = value(p), b = value(q);
    if (a === null || b === null) return (a === null) - (b === null) || p - q;
    return sign * (a - b) || p - q;
  });
  find("#table tbody").append(...order.map((row) => rowsInTable[row]));
}

const COLUMNS = { index: "index", nullity: "nullity", dimension: "dimension", loss: "value", value: "value", change: "change" };
function conditions(text) {
  return (text.toLowerCase().replace(/−/g, "-").replace(/\s*(<=|>=|≤|≥|<|>|=)\s*/g, "$1").match(/\S+/g) || []).map((term) => {
    const parts = term.match(/^([a-z]+)(<=|>=|≤|≥|<|>|=)(-?[\d.]+(?:e[-+]?\d+)?)$/);
    if (!parts || !COLUMNS[parts[1]]) return (row) => `${sets.label[row]} ${kindWords(sets.kind[row])}${["", " partly on kinks", " on kinks"][kinkOf(row)]}`.toLowerCase().includes(term);
    const name = COLUMNS[parts[1]], limit = Number(parts[3]);
    const holds = { "<": (v) => v < limit, "<=": (v) => v <= limit, "≤": (v) => v <= limit, ">": (v) => v > limit, ">=": (v) => v >= limit, "≥": (v) => v >= limit, "=": (v) => v === limit }[parts[2]];
    return (row) => {
      const v = name === "change" ? -(sets.gain[row] || 0) : sets[name][row];
      return v !== null && holds(v);
    };
  });
}
function filterRows() {
  const wanted = conditions(find("#filter").value);
  let left = 0;
  rowsInTable.forEach((line, row) => {
    const show = wanted.every((holds) => holds(row));
    line.hidden = !show;
    left += show;
  });
  find("#filter-count").textContent = wanted.length ? `${grouped(left)} of ${grouped(total)} shown` : "";
  rove();
}
// One row at a time is in the tab order; the arrow keys move on from it.
function rove() {
  const shown = rowsInTable.filter((line) => !line.hidden), current = rowsInTable[state.row];
  const stop = current && !current.hidden ? current : shown[0];
  rowsInTable.forEach((line) => { line.cells[0].firstElementChild.tabIndex = line === stop ? 0 : -1; });
}
function rowKey(event) {
  const line = event.target.closest("#table tbody tr"), way = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  if (!line || !way) return false;
  let next = line[way];
  while (next && next.hidden) next = next[way];
  if (next) { next.cells[0].firstElementChild.tabIndex = 0; next.cells[0].firstElementChild.focus(); }
  return true;
}
function markRow() {
  for (const line of document.querySelectorAll("#table tr[aria-current]")) line.removeAttribute("aria-current");
  const line = rowsInTable[state.row], box = find("#all .long");
  line.setAttribute("aria-current", "true");
  rove();
  if (!box || line.hidden) return;
  // Scroll the box, never the page.
  const head = find("#table thead").offsetHeight, top = line.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop;
  if (top - head < box.scrollTop || top + line.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top - head - box.clientHeight / 3;
}
