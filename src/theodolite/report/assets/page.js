// One state: the chosen set, kept in the address after "#". Everything that chooses writes it there, and everything follows.
const rowInAddress = () => {
  const row = Number((location.hash.match(/^#set-(\d+)$/) || [])[1]) - 1;
  return row >= 0 && row < total ? row : page.opening;
};
function draw() {
  if (!total) return;
  ladder();
  panel();
  figures();
  markRow();
}
function choose(row, { quietly = false } = {}) {
  if (!(row >= 0 && row < total)) return;
  const address = `#set-${row + 1}`;
  try {
    if (quietly) history.replaceState(null, "", address);
    else if (location.hash !== address) history.pushState(null, "", address);
  } catch { /* a page inside another document has no address of its own; the choice holds all the same */ }
  if (row === state.row) return;
  state.row = row;
  draw();
}
function follow() {
  const row = rowInAddress();
  if (row !== state.row) { state.row = row; draw(); }
}
const focusChosen = () => find(`#ladder [data-go="${state.row}"]`)?.focus({ preventScroll: true });

document.addEventListener("click", (event) => {
  const head = event.target.closest("th button");
  if (head) return sortBy(head);
  const link = event.target.closest('a[href^="#set-"]');
  if (link) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return undefined;
    event.preventDefault();
    const inside = link.closest("#table") !== null;
    choose(Number(link.getAttribute("href").slice(5)) - 1);
    return inside ? undefined : focusChosen();
  }
  const goal = event.target.closest("[data-go]");
  if (goal && goal.dataset.go !== "") return choose(Number(goal.dataset.go));
  const line = event.target.closest("#table tbody tr");
  if (line) return choose(Number(line.dataset.row));
  const drawing = event.target.closest("#ladder svg");
  if (drawing) {
    const box = drawing.getBoundingClientRect(), shrink = drawing.viewBox.baseVal.width / box.width;
    const row = drawing.nearest((event.clientX - box.left) * shrink, (event.clientY - box.top) * shrink);
    if (row !== null) choose(row);
  }
  return undefined;
});
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const target = event.target, onMark = target.closest("#ladder .f");
  if (onMark && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    choose(Number(onMark.dataset.go));
    focusChosen();
  } else if (onMark) {
    const row = neighbour(event.key);
    if (row === undefined) return;
    event.preventDefault();
    choose(row, { quietly: true });
    focusChosen();
  } else if (target.closest(".turn") && event.key.startsWith("Arrow")) {
    event.preventDefault();
    turn((event.key === "ArrowRight") - (event.key === "ArrowLeft"), (event.key === "ArrowUp") - (event.key === "ArrowDown"), 0.12);
  } else if (rowKey(event)) event.preventDefault();
});
let drag = null;
document.addEventListener("pointerdown", (event) => { if (event.target.closest(".turn") && !event.target.closest("[data-go]")) drag = [event.clientX, event.clientY]; });
addEventListener("pointermove", (event) => {
  if (!drag) return;
  turn(event.clientX - drag[0], event.pointerType === "touch" ? 0 : event.clientY - drag[1], 0.008);
  drag = [event.clientX, event.clientY];
});
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { drag = null; });
find("#filter").addEventListener("input", filterRows);

find("#save").addEventListener("click", () => {
  const columns = ["label", "value", "index", "nullity", "dimension"];
  const list = sets.label.map((_, row) => ({
    ...Object.fromEntries(columns.map((name) => [name, sets[name][row]])), in_full: inFull(row), kind: kindWords(sets.kind[row]),
    evidence: evidenceOf(row).map(([word, text]) => `${word}: ${text}`), step_to: sets.step[row] === null ? null : sets.label[sets.step[row]], decrease: sets.gain[row],
  }));
  const { title, description, complete, fingerprint, command, versions } = page;
  const text = JSON.stringify({ title, description, complete, sets_in_atlas: page.total, fingerprint, command, versions, sets: list }, null, 1);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "theodolite.json";
  link.click();
  URL.revokeObjectURL(link.href);
});

let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width && innerWidth > 200) { width = innerWidth; draw(); } });
addEventListener("beforeprint", () => { document.documentElement.classList.add("printing"); draw(); });
addEventListener("afterprint", () => { document.documentElement.classList.remove("printing"); draw(); });
addEventListener("hashchange", follow);
addEventListener("popstate", follow);
// Where no font for mathematics is installed, browsers draw sums no larger than letters.
for (const sign of document.querySelectorAll("math mo")) {
  const size = parseFloat(getComputedStyle(sign).fontSize);
  if (/^[∑∏]$/.test(sign.textContent) && sign.getBoundingClientRect().height < 1.2 * size) sign.style.fontSize = "1.5em";
}
document.documentElement.classList.add("live");
state.row = rowInAddress();
draw();
