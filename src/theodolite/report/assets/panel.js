// The chosen set: what it is, its numbers, its spectrum, its curvature, the ways out, and how all this is known.
function panel() {
  const row = state.row, place = find("#panel"), w = roomIn(place, 560);
  const own = panelsOf(row), out = [];
  out.push(h`<p class="who">${glyph(sets.kind[row], 20, kinkOf(row))}<span><bdi>${sets.label[row]}</bdi>, ${kindWords(sets.kind[row])}</span></p>
    <p class="small mut">${sentence(page.kinds[sets.kind[row]][2])} ${total > 1 ? `Number ${grouped(rankOf.get(row) + 1)} of ${total < page.total ? `the ${grouped(total)} listed,` : grouped(total)} by ${page.description.loss}.` : ""}</p>
    <dl class="four"><dt>${sentence(page.description.loss, "")}</dt><dd data-field="value">${sets.shown[row]}</dd>${["index", "nullity", "dimension"].map((name) => h`<dt>${sentence(name, "")}</dt><dd data-field="${name}">${sets[name][row] === null ? "?" : sets[name][row]}${range(row, name)}</dd>`)}</dl>
    <p class="small mut num">${sentence(page.description.loss, "")} in full: <span data-field="exact">${inFull(row)}</span></p>`);
  for (const one of own) {
    if (one.tag === "spectrum") out.push(spectrum(one, w));
    else if (one.tag === "signs") out.push(signs(one, w, row));
    else if (one.tag === "moves") out.push(moves(one, row));
    else if (one.tag === "strata") out.push(strata(one));
    else if (one.tag === "text") out.push(h`<h3>${one.title}</h3>${one.sentences.map((text) => h`<p class="small">${text}</p>`)}`);
  }
  if (!page.panels[row] && sets.step[row] !== null) {
    const words = rowsInTable[row].cells[6].textContent.split(" → ")[0];
    out.push(moves({ title: "Way out", moves: [[words, "", rowsInTable[row].cells[7].textContent, null, sets.step[row]]], more: 0, caption: "The best single step." }, row));
  }
  if (page.without && (!page.panels[row] || page.aside.includes(row))) out.push(h`<p class="small mut" style="margin-top:12px">${page.without}</p>`);
  const evidence = h`<h3>Evidence</h3><ul class="ev">${evidenceOf(row).map(([word, text]) => h`<li><span>${word}</span><span>${text}</span></li>`)}</ul>`;
  put(place, printing() ? out : [out, evidence]);
  put(find("#evidence"), printing() ? evidence : null);
}

const sentence = (text, end = ".") => (text ? text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : end) : "");
function range(row, name) {
  const span = (page.spans[name] || {})[row];
  return span ? h`<small>${span}</small>` : null;
}

function spectrum(one, w) {
  const n = one.names.length, top = Math.max(...one.singular_values, 0) || 1, thin = !one.costs.length, each = thin ? Math.max(3, Math.min(6, 320 / n)) : printing() ? 15 : 24;
  const nameRoom = thin ? 0 : Math.min(90, Math.max(...one.names.map((name) => textWidth(shortened(name, 12), 13, 600)), 8) + 8);
  const says = (i) => (one.kept[i] >= 1 ? "kept" : one.kept[i] > 0 ? `part kept, lost ${one.costs[i]}` : `lost ${one.costs[i]}`);
  const sideRoom = thin ? 0 : Math.max(...one.names.map((_, i) => textWidth(says(i), 12))) + 12;
  const room = w - nameRoom - sideRoom - 2;
  const bars = one.names.map((name, i) => {
    const y = i * each, long = Math.max(one.singular_values[i] > 0 ? 1.5 : 0, room * one.singular_values[i] / top), high = thin ? Math.max(2, each - 1.5) : printing() ? 8 : 14;
    const edge = thin ? 0 : printing() ? 3 : 3.5;
    return h`${thin ? null : h`<text x="0" y="${y + edge + high / 2 + 4.5}" font-size="13" font-weight="${one.kept[i] > 0 ? 600 : 400}">${shortened(name, 12)}</text>`}
      <rect x="${px(nameRoom + 0.5)}" y="${px(y + edge)}" width="${px(long)}" height="${px(high)}" fill="var(--paper)" stroke="var(--ink2)" stroke-width="${thin ? 0.6 : 1}"/>
      ${one.kept[i] > 0 ? h`<rect x="${px(nameRoom + 0.5)}" y="${px(y + edge)}" width="${px(long * Math.min(1, one.kept[i]))}" height="${px(high)}" fill="var(--ink2)"/>` : null}
      ${thin ? null : h`<text x="${w}" y="${y + edge + high / 2 + 4.5}" font-size="12" text-anchor="end" class="${one.kept[i] >= 1 ? "soft" : ""}">${says(i)}</text>`}`;
  });
  const kept = one.names.filter((_, i) => one.kept[i] > 0), words = `${one.title}. Kept: ${kept.join(", ") || "none"}. ${thin ? `${n} singular values from ${number(top)} down to ${number(Math.min(...one.singular_values))}` : one.names.map((name, i) => `${name}: ${number(one.singular_values[i])}, ${says(i)}`).join("; ")}.`;
  const high = Math.ceil(n * each) + 2;
  return h`<h3>${one.title}</h3>${drawing(w, high, h`role="img" aria-label="${words}"`, bars)}<p class="cap" style="margin:2px 0 0">${one.caption}</p>`;
}

function signs(one, w, row) {
  const parts = [["−", one.negative, "var(--saddle)"], ["0", one.zero, "none"], ["+", one.positive, "none"]];
  const n = one.negative + one.zero + one.positive, words = `${one.title}: ${one.negative} negative, ${one.zero} zero, ${one.positive} positive.`;
  let out = [], k = 0;
  const each = w / Math.max(1, n);
  if (n <= 64 && each >= 5) {
    parts.forEach(([sign, many, fill], j) => {
      for (let i = 0; i < many; i++, k++) {
        out.push(h`<rect x="${px(k * each + 1)}" y="1.5" width="${px(each - 2)}" height="14" fill="${fill}" stroke="${["var(--saddle)", "var(--rule)", "var(--und)"][j]}"/>${each >= 9 ? h`<text x="${px((k + 0.5) * each)}" y="12.5" font-size="11" text-anchor="middle" style="fill:${j ? "var(--ink2)" : "var(--paper)"}">${sign}</text>` : null}`);
      }
    });
  } else {
    const shares = parts.map((part) => (part[1] ? Math.max(part[1] / n, 3 / w) : 0)), sum = shares.reduce((a, b) => a + b, 0);
    let x = 0;
    parts.forEach(([, , fill], j) => {
      const wide = (w - 1) * shares[j] / sum;
      if (wide) out.push(h`<rect x="${px(x + 0.5)}" y="1.5" width="${px(wide)}" height="14" fill="${j === 1 ? "var(--hair)" : fill}" stroke="${["var(--saddle)", "var(--rule)", "var(--und)"][j]}"/>`);
      x += wide;
    });
  }
  const counts = h`<p class="small num" style="margin-top:2px">${one.negative} negative, ${one.zero} zero, ${one.positive} positive</p>`;
  return h`<h3>${one.title}</h3>${drawing(w, 17, h`role="img" aria-label="${words}"`, out)}${counts}<p class="cap" style="margin:2px 0 0">${one.caption || zeros(one, row)}</p>`;
}

function zeros(one, row) {
  const dimension = sets.dimension[row];
  if (dimension === null) return "";
  if (one.zero > dimension) return `There are ${one.zero - dimension} more zeros than dimensions: the Hessian alone does not settle what happens along those.`;
  return one.zero ? "Every zero is a direction along the set itself." : "No zeros: an isolated point.";
}

function strata(one) {
  const parts = [["where the loss is differentiable", one.smooth], ["on kinks", one.kinked]].filter(([, n]) => n !== null);
  return h`<h3>${one.title}</h3><p class="small num">${parts.map(([words, n]) => `${grouped(n)} ${words}`).join(", ") || "not counted"}</p><p class="cap" style="margin:2px 0 0">${one.caption}</p>`;
}

function moves(one, row) {
  if (!one.moves.length) return h`<h3>No way down</h3><p class="small">${one.caption || "No step leads to a lower set."}</p>`;
  const target = (move) => (move[4] === null ? h`<bdi>${move[3]}</bdi>` : h`<a href="#set-${move[4] + 1}"><bdi>${move[3] ?? sets.label[move[4]]}</bdi></a>`);
  const lines = one.moves.map((move) => h`<tr><td>${sentence(move[0], "")}, to ${target(move)}</td><td class="num mut">${move[1]}</td><td class="num">${move[2]}</td></tr>`);
  const more = one.more ? h`<p class="cap" style="margin:0">and ${one.more} smaller step${one.more > 1 ? "s" : ""}</p>` : null;
  return h`<h3>${one.title}</h3><table class="moves"><tbody>${lines}</tbody></table>${more}${one.caption ? h`<p class="cap" style="margin:2px 0 0">${one.caption}</p>` : null}`;
}
