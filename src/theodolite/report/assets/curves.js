// Functions of one variable: descent curves beside their quadratic model, and fitted functions over data.
const LOOKS = {
  model: { stroke: "var(--ink)", width: 2, dash: "" },
  target: { stroke: "var(--min)", width: 1.6, dash: "6 4" },
  reference: { stroke: "var(--iso)", width: 1.2, dash: "2 3" },
};

const powersBetween = (low, high) => {
  const stride = Math.max(1, Math.ceil((high - low) / 6)), out = [];
  for (let k = Math.ceil(low); k <= high; k += stride) out.push([k, `10${superscript(k)}`]);
  return out.length > 1 ? out : ticksBetween(low, high, 4).map(([v]) => [v, number(10 ** v)]);
};

const positive = (curve) => {
  const kept = curve.y.map((_, i) => i).filter((i) => curve.y[i] > 0);
  return { ...curve, x: kept.map((i) => curve.x[i]), y: kept.map((i) => Math.log10(curve.y[i])) };
};

function chart(place, curves, labels, ticks, words, logarithmic = false) {
  if (logarithmic) curves = curves.map(positive);
  const w = roomIn(place), height = Math.round(Math.min(380, Math.max(260, w * 0.62))), bottom = 44, top = 10, right = 12;
  const xs = curves.flatMap((curve) => curve.x), ys = curves.flatMap((curve) => curve.y);
  let [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  if (x0 === x1) { x0 -= 1; x1 += 1; }
  const pad = (y1 - y0 || Math.abs(y1) || 1) * 0.06;
  y0 -= pad; y1 += pad;
  const across = ticksBetween(x0, x1, w < 420 ? 4 : 6), up = logarithmic ? powersBetween(y0, y1) : ticksBetween(y0, y1, 6);
  const left = 14 + Math.max(...up.map((tick) => textWidth(tick[1], 12)), 10);
  const X = (v) => left + (w - left - right) * (v - x0) / (x1 - x0), Y = (v) => height - bottom - (height - bottom - top) * (v - y0) / (y1 - y0);
  const out = up.map(([v, text]) => h`<line x1="${px(left)}" x2="${w}" y1="${px(Y(v))}" y2="${px(Y(v))}" stroke="var(--hair)"/><text x="${px(left - 8)}" y="${px(Y(v) + 4)}" font-size="12" text-anchor="end" class="soft">${text}</text>`);
  for (const [v, text] of across) out.push(h`<text x="${px(X(v))}" y="${height - bottom + 18}" font-size="12" text-anchor="middle" class="soft">${text}</text>`);
  out.push(h`<line x1="${px(left)}" x2="${w}" y1="${height - bottom}" y2="${height - bottom}" stroke="var(--rule)"/>`);
  for (const v of ticks) if (v >= x0 && v <= x1) out.push(h`<line x1="${px(X(v))}" x2="${px(X(v))}" y1="${height - bottom - 8}" y2="${height - bottom + 4}" stroke="var(--ink2)" stroke-width="1.5"/>`);
  out.push(h`<text x="${w}" y="${height - 4}" font-size="12" text-anchor="end" class="soft">${labels[0]} →</text><text x="0" y="${height - 4}" font-size="12" class="soft">↑ ${labels[1]}</text>`);
  const order = ["stems", "reference", "target", "model", "data"];
  for (const curve of [...curves].sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role))) {
    const points = curve.x.map((v, i) => [px(X(v)), px(Y(curve.y[i]))]);
    if (curve.role === "stems") {
      out.push(h`<path d="${points.map(([a, b], i) => `${i % 2 ? "L" : "M"}${a} ${b}`).join("")}" stroke="var(--iso)" stroke-width="1.4" fill="none"/>`);
    } else if (curve.role === "data") {
      out.push(h`<path d="${points.map(([a, b]) => `M${a} ${b}h0`).join("")}" stroke="var(--ink2)" stroke-width="${points.length > 400 ? 3 : 5}" stroke-linecap="round" fill="none"/>`);
    } else {
      const look = LOOKS[curve.role] || LOOKS.reference;
      out.push(h`<path d="${points.map(([a, b], i) => `${i ? "L" : "M"}${a} ${b}`).join("")}" fill="none" stroke="${look.stroke}" stroke-width="${look.width}" stroke-dasharray="${look.dash}"/>`);
    }
  }
  put(place, h`${drawing(w, height, h`role="img" aria-label="${words}"`, out)}<ul class="legend">${curves.map((curve) => h`<li><svg width="26" height="10" viewBox="0 0 26 10" aria-hidden="true">${swatch(curve.role)}</svg>${curve.name}</li>`)}</ul>`);
}

function swatch(role) {
  if (role === "data") return h`<circle cx="13" cy="5" r="2.5" fill="var(--ink2)"/>`;
  if (role === "stems") return h`<path d="M13 0v10" stroke="var(--iso)" stroke-width="1.4"/>`;
  const look = LOOKS[role] || LOOKS.reference;
  return h`<line x1="0" x2="26" y1="5" y2="5" stroke="${look.stroke}" stroke-width="${look.width}" stroke-dasharray="${look.dash}"/>`;
}

function profile(place, one) {
  const value = (t, terms) => terms.reduceRight((sum, c) => sum * t + c, 0), ts = Array.from({ length: 161 }, (_, k) => one.extent * k / 160);
  const exact = ts.map((t) => value(t, one.coefficients)), model = ts.map((t) => value(t, one.coefficients.slice(0, 3)));
  const low = Math.min(...exact), high = Math.max(...exact), room = 0.35 * (high - low || 1);
  const inside = ts.map((_, k) => k).filter((k) => model[k] > low - room && model[k] < high + room);
  const end = exact[exact.length - 1];
  chart(place, [
    { name: "loss along the curve", role: "model", x: ts, y: exact },
    { name: "its quadratic model at the start", role: "reference", x: inside.map((k) => ts[k]), y: inside.map((k) => model[k]) },
  ], ["along the descent curve, t", page.description.loss], [], `${one.title}. The loss starts at ${number(exact[0])} and is ${number(end)} at t = ${number(one.extent)}; its lowest value on the way is ${number(low)}.`);
}

function curves(place, one) {
  chart(place, one.curves, [one.x_label, one.y_label], one.ticks, `${one.title}. ${one.curves.map((curve) => `${curve.name}: ${curve.x.length} points, from ${number(Math.min(...curve.y))} to ${number(Math.max(...curve.y))}`).join("; ")}. ${one.logarithmic ? "The vertical axis is logarithmic." : `Breakpoints: ${one.ticks.map(number).join(", ") || "none"}.`}`, one.logarithmic);
}

// Functions that change with a slider.
function slides(place, one) {
  const last = one.slides.length - 1;
  put(place, h`<p class="small noprint" style="margin:0"><label>${one.slider} <input type="range" min="0" max="${last}" value="${one.opening}" style="vertical-align:middle;width:12em;accent-color:var(--ink2)"></label> <output class="num"></output></p><div></div>`);
  const input = place.querySelector("input"), said = place.querySelector("output"), view = place.lastElementChild;
  const show = () => {
    const slide = one.slides[+input.value];
    said.textContent = slide.words;
    input.setAttribute("aria-valuetext", slide.words);
    chart(view, slide.curves, [one.x_label, one.y_label], slide.ticks, `${one.title}, ${one.slider} ${slide.words}. Breakpoints: ${slide.ticks.map(number).join(", ") || "none"}.`);
  };
  input.addEventListener("input", show);
  show();
}
