// The ladder: loss upward, Morse index rightward. Where things are was decided when the page was made; here it is drawn.
function ladder() {
  const place = find("#ladder"), data = page.ladder, axis = data.axis, dense = data.strips !== null;
  const w = roomIn(place), small = w < 480, height = printing() ? 350 : small ? 500 : 540;
  const tickRoom = Math.max(24, ...axis.ticks.map((tick) => textWidth(tick[1], 12)));
  const left = px(tickRoom + 14), right = small ? 30 : 84, top = 14, bottom = 42, foot = 10, gap = axis.breaks.length ? 54 : 0;
  const usable = height - top - bottom - foot - gap * axis.breaks.length;
  const y = (share) => height - bottom - foot - share * usable - gap * axis.breaks.filter((at) => share > at + 1e-9).length;
  const { low, high, unknown, of, beside } = data.across, bins = data.bins;
  const columns = Math.max(1, high - low + (unknown ? 1.5 : 0)), first = left + 16, stretch = w - right - first;
  const x = (index) => first + stretch * (index === null || index < 0 ? columns : index - low) / columns;
  // Sets at the same place stand side by side.
  const apart = beside ? Math.min(22, 0.8 * (stretch / columns) / Math.max(...beside)) : 0;
  const at = (row) => [x(of[row]) + (beside ? apart * beside[row] : 0), y(data.places[row])];
  const out = [];

  for (const [share, text] of axis.ticks) {
    out.push(h`<line x1="${left}" x2="${w}" y1="${px(y(share))}" y2="${px(y(share))}" stroke="var(--hair)"/><text x="${left - 8}" y="${px(y(share) + 4)}" font-size="12" text-anchor="end" class="soft">${text}</text>`);
  }
  const ends = [0, ...axis.breaks, 1];
  for (let i = 1; i < ends.length; i++) {
    out.push(h`<line x1="${left}" x2="${left}" y1="${px(i > 1 ? y(ends[i - 1] + 2e-9) : height - bottom)}" y2="${px(y(ends[i]))}" stroke="var(--rule)"/>`);
  }
  for (const cut of axis.breaks) {
    for (const edge of [y(cut), y(cut) - gap]) out.push(h`<line x1="${left - 6}" x2="${left + 6}" y1="${px(edge + 3)}" y2="${px(edge - 3)}" stroke="var(--ink2)"/>`);
  }
  const step = Math.max(1, Math.round(niceStep(Math.max(1, high - low), small ? 6 : 10)));
  for (let index = Math.ceil(low / step) * step; data.across.numbered && index <= high; index += step) {
    out.push(h`<text x="${px(x(index))}" y="${height - bottom + 18}" font-size="12" text-anchor="middle" class="soft">${index}</text>`);
  }
  if (unknown) out.push(h`<text x="${px(x(null))}" y="${height - bottom + 18}" font-size="12" text-anchor="middle" class="soft">unknown</text>`);
  out.push(h`<line x1="${left}" x2="${w}" y1="${height - bottom}" y2="${height - bottom}" stroke="var(--rule)"/>
    <text x="${w}" y="${height - 4}" font-size="12" text-anchor="end" class="soft">${small ? data.across.short : data.across.label} →</text>
    <text x="0" y="${height - 4}" font-size="12" class="soft">↑ ${shortened(page.description.loss, small ? 14 : 30)}${axis.kind === "log" ? ", logarithmic" : axis.kind === "rank" ? ", by rank" : ""}</text>`);

  if (dense) out.push(densities(data, x, y, bins, stretch / columns));
  const goals = [sets.step[state.row], ...movesOf(state.row).map((move) => move[4])].filter((row) => row !== null);
  const drawn = new Set(dense ? [...data.marks, ...goals, state.row] : sets.label.keys());
  out.push(steps(at, drawn));
  for (const cut of axis.breaks) {
    out.push(h`<text x="${w}" y="${px(y(cut) - gap / 2 + 4)}" font-size="12" text-anchor="end" class="halo">${axis.note}</text>`);
  }
  out.push(families([...drawn], at, new Placer(w, height - bottom + 2, left), small));
  put(place, drawing(w, height, h`role="group" aria-label="${data.words}"`, out));
  place.firstElementChild.nearest = (px0, py0) => {
    let best = null, least = 28 ** 2;
    for (let row = 0; row < total; row++) {
      const [a, b] = at(row), distance = (a - px0) ** 2 + (b - py0) ** 2;
      if (distance < least) { least = distance; best = row; }
    }
    return best;
  };
}

// Bars, one per small stretch of loss, as wide as the number of sets there asks for.
function densities(data, x, y, bins, column) {
  const most = Math.max(...data.strips.map((cell) => cell[2])), widest = Math.max(2, Math.min(44, column * 0.86));
  const high = Math.max(1.2, (y(0) - y(1)) / bins - 0.4);
  return h`<path fill="var(--density)" d="${data.strips.map(([index, bin, n]) => {
    const half = Math.max(0.8, (widest / 2) * Math.sqrt(n / most));
    return `M${px(x(index) - half)} ${px(y((bin + 0.5) / bins) - high / 2)}h${px(2 * half)}v${px(high)}h${px(-2 * half)}Z`;
  }).join("")}"/>`;
}

function steps(at, drawn) {
  const edge = (from, to) => {
    const [a, b] = at(from), [c, d] = at(to), m = (d - b) * 0.55;
    return `M${px(a)} ${px(b)}C${px(a)} ${px(b + m)} ${px(c + (a - c) * 0.45)} ${px(d - m * 0.35)} ${px(c)} ${px(d)}`;
  };
  const out = [], faint = drawn.size <= page.ladder.steps;
  for (const row of drawn) {
    if (faint && row !== state.row && sets.step[row] !== null) out.push(h`<path d="${edge(row, sets.step[row])}" fill="none" stroke="var(--iso)" stroke-width=".9" opacity="${drawn.size > 30 ? 0.5 : 1}"/>`);
  }
  const best = sets.step[state.row];
  const others = new Set(movesOf(state.row).map((move) => move[4]).filter((row) => row !== null && row !== best));
  for (const row of others) out.push(h`<path d="${edge(state.row, row)}" fill="none" stroke="var(--ink2)" stroke-dasharray="2 3"/>`);
  if (best !== null) out.push(h`<path d="${edge(state.row, best)}" fill="none" stroke="var(--ink)" stroke-width="1.8"/>`);
  return out;
}

function families(rows, at, placer, small) {
  const size = rows.length > 150 ? 4.4 : rows.length > 60 ? 5.2 : 6.2;
  for (const row of rows) {
    placer.block(...at(row), 7);
    if (kinkOf(row)) placer.block(at(row)[0], at(row)[1] + 4, 7);
  }
  const labels = new Map();
  for (const row of new Set([state.row, ...page.ladder.labels])) {
    const [a, b] = at(row), chosen = row === state.row, value = small ? "" : sets.shown[row], gap = chosen ? 16 : 11;
    const [full, short] = [small ? 20 : 36, small ? 14 : 20].map((most) => isolated(shortened(sets.label[row], most)));
    const long = (text) => textWidth(text, 13, chosen ? 600 : 400), valued = 8 + textWidth(value, 12);
    let name = full, whole = Boolean(value), spot = placer.place(a, b, long(full) + (value ? valued : 0), gap, false);
    if (!spot) { name = short; spot = value && placer.place(a, b, long(short) + valued, gap, false); }
    if (!spot) { whole = false; spot = placer.place(a, b, long(short), gap, chosen); }
    if (spot) labels.set(row, h`<text x="${px(spot[0])}" y="${px(spot[1])}" text-anchor="${spot[2]}" font-size="13" font-weight="${chosen ? 600 : 400}" class="halo">${name}${whole ? h`<tspan dx="6" font-size="12" font-weight="400" class="soft">${value}</tspan>` : null}</text>`);
  }
  const every = total <= 40;
  rows.sort((p, q) => (p === state.row) - (q === state.row));
  return rows.map((row) => {
    const [a, b] = at(row), chosen = row === state.row;
    return h`<g class="f" tabindex="${every || chosen ? 0 : -1}" role="button" aria-pressed="${String(chosen)}" data-go="${row}" aria-label="${inWords(row)}"><circle class="focus" cx="${px(a)}" cy="${px(b)}" r="15"/>${chosen ? ring(a, b) : null}${mark(sets.kind[row], a, b, chosen ? Math.max(6.2, size) : size)}${kinkBar(sets.kind[row], a, b, chosen ? Math.max(6.2, size) : size, kinkOf(row))}${labels.get(row)}</g>`;
  });
}

// Rows by increasing loss, for the arrow keys; ties keep the order of the table.
const byValue = [...sets.label.keys()].sort((p, q) => sets.value[p] - sets.value[q] || p - q);
const rankOf = new Map(byValue.map((row, rank) => [row, rank]));
function neighbour(key) {
  const rank = rankOf.get(state.row);
  if (key === "ArrowUp") return byValue[rank + 1];
  if (key === "ArrowDown") return byValue[rank - 1];
  if (key === "Home") return byValue[0];
  if (key === "End") return byValue[total - 1];
  const sign = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0, places = page.ladder.across.of, here = places[state.row];
  if (!sign || here === null) return undefined;
  let best, least = Infinity;
  for (let row = 0; row < total; row++) {
    const away = (places[row] - here) * sign;
    if (places[row] === null || away <= 0) continue;
    const cost = away * 1e6 + Math.abs(rankOf.get(row) - rank);
    if (cost < least) { least = cost; best = row; }
  }
  return best;
}
