"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const find = id => document.getElementById(id);
const last = data.steps.length;
const percent = p => p >= 0.9995 ? "100 %" : (100 * p).toFixed(p < 0.1 ? 2 : 1) + " %";
const made = (tag, properties, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

// The positions after a number of steps, from the changes of each.
function positionsAfter(count) {
  const positions = [];
  let visible = data.steps.length ? data.steps[0].visible : 0, changed = new Set();
  for (let i = 0; i < count; i++) {
    visible = data.steps[i].visible;
    changed = new Set();
    for (const [at, id, text, probability, step, timesMasked] of data.steps[i].changes) {
      positions[at] = { id, text: data.texts[text], probability, step, timesMasked };
      changed.add(at);
    }
  }
  const masked = { id: -1, text: "", probability: 0, step: -1, timesMasked: 0 };
  return { tokens: Array.from({ length: visible }, (_, at) => positions[at] ?? masked), changed };
}

// What is visible of a token: white space and ends of text have signs.
function shown(token) {
  const parts = [];
  for (const piece of token.text.split(/(\n|\r|\t)/)) {
    if (piece === "\n")
      parts.push(made("span", { className: "sign", textContent: "↵" }), "\n");
    else if (piece === "\r" || piece === "\t")
      parts.push(made("span", { className: "sign", textContent: piece === "\r" ? "␍" : "⇥" }));
    else if (piece)
      parts.push(piece.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd"));
  }
  return parts.length ? parts : [made("span", { className: "sign", textContent: "[end]" })];
}

function describe(token, at) {
  const again = token.timesMasked > 0 ? `\nmasked again: ${token.timesMasked === 1 ? "once" : token.timesMasked + " times"}` : "";
  if (token.id < 0)
    return `position ${at + 1}\nmasked${again}`;
  const text = token.text ? JSON.stringify(token.text) : "end of the text";
  return `${text}\nid ${token.id} · position ${at + 1}\nprobability ${percent(token.probability)}\nchosen in step ${token.step + 1}${again}`;
}

// A prompt's last space and the first one of the text are the same.
const promptBefore = first => data.prompt.endsWith(" ") && first?.text.startsWith(" ") ? data.prompt.slice(0, -1) : data.prompt;

const text = find("text"), slider = find("step"), hint = find("hint"), play = find("play");
const prompt = made("span", { id: "prompt" });
let nodes = [], current = { tokens: [], changed: new Set() }, timer = 0;

function show(count) {
  current = positionsAfter(count);
  while (nodes.length < current.tokens.length)
    nodes.push(made("span"));
  current.tokens.forEach((token, at) => {
    const node = nodes[at], isMask = token.id < 0, key = `${token.id} ${token.step}`;
    if (node.dataset.key !== key) {
      node.replaceChildren(...(isMask ? [] : shown(token)));
      node.style.setProperty("--p", token.probability);
      node.dataset.key = key;
    }
    node.className = "token" + (isMask ? " mask" : "") + (isMask && token.timesMasked > 0 ? " again" : "")
      + (current.changed.has(at) ? " now" : "");
    node.dataset.at = at;
  });
  prompt.textContent = promptBefore(current.tokens[0]);
  text.replaceChildren(prompt, ...nodes.slice(0, current.tokens.length));
  slider.value = count;
  slider.setAttribute("aria-valuetext", `step ${count} of ${last}`);
  const filled = current.tokens.filter(token => token.id >= 0).length;
  find("where").textContent = `step ${count} of ${last}, ${filled} filled`;
  moveHead(count);
  hint.hidden = true;
}

function stop() {
  clearInterval(timer);
  timer = 0;
  play.textContent = "Play";
}

function toggle() {
  if (timer)
    return stop();
  if (+slider.value >= last)
    show(0);
  play.textContent = "Pause";
  timer = setInterval(() => {
    show(Math.min(last, +slider.value + 1));
    if (+slider.value >= last)
      stop();
  }, Math.max(30, Math.min(350, 8000 / Math.max(1, last))));
}

// The drawing of positions and steps.
const space = "http://www.w3.org/2000/svg";
const drawn = (tag, attributes, content) => {
  const node = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes))
    node.setAttribute(name, value);
  if (content !== undefined)
    node.textContent = content;
  return node;
};
const width = 960, left = 44, right = 12, top_ = 20, bottom = 10;
const most = Math.max(1, ...data.steps.map(step => step.visible));
const height = Math.max(110, Math.min(340, top_ + bottom + last * 8));
const x = at => left + (at + 0.5) * (width - left - right) / most;
const y = step => top_ + (step + 0.5) * (height - top_ - bottom) / Math.max(1, last);
const head = drawn("line", { class: "head", x1: left, x2: width - right });
const dots = [];

function draw() {
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "The order in which positions were filled" });
  const stride = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find(stride => stride * 16 >= most) ?? most;
  for (let at = 0; at < most; at++) {
    if (at === 0 || (at + 1) % stride === 0)
      svg.append(drawn("text", { x: x(at), y: 13, "text-anchor": "middle" }, at + 1));
    if (at > 0 && at % stride === 0) {
      const edge = (x(at) + x(at - 1)) / 2;
      svg.append(drawn("line", { class: "grid", x1: edge, x2: edge, y1: top_, y2: height - bottom }));
    }
  }
  for (const step of new Set([0, Math.floor((last - 1) / 2), last - 1].filter(step => step >= 0)))
    svg.append(drawn("text", { x: left - 8, y: y(step) + 4, "text-anchor": "end" }, step + 1));
  const radius = Math.max(1.5, Math.min(5, 0.42 * (width - left - right) / most, 0.6 * (height - top_ - bottom) / Math.max(1, last)));
  data.steps.forEach((step, number) => {
    for (const [at, id, , probability] of step.changes) {
      const dot = drawn("circle", { cx: x(at), cy: y(number), r: radius, class: id < 0 ? "again" : "" });
      dot.style.setProperty("--p", probability);
      dots.push([number, dot]);
      svg.append(dot);
    }
  });
  svg.append(head);
  svg.addEventListener("click", event => {
    const box = svg.getBoundingClientRect();
    const row = (event.clientY - box.top) * height / box.height;
    stop();
    show(Math.max(0, Math.min(last, 1 + Math.floor((row - top_) * last / (height - top_ - bottom)))));
  });
  find("order").append(svg);
}

function moveHead(count) {
  const at = top_ + count * (height - top_ - bottom) / Math.max(1, last);
  head.setAttribute("y1", at);
  head.setAttribute("y2", at);
  for (const [number, dot] of dots)
    dot.classList.toggle("later", number >= count);
}

// The figures of a token, beside it.
function point(event) {
  const node = event.target.closest?.(".token");
  text.querySelector(".picked")?.classList.remove("picked");
  hint.hidden = !node;
  if (!node)
    return;
  node.classList.add("picked");
  hint.textContent = describe(current.tokens[+node.dataset.at], +node.dataset.at);
  const box = node.getClientRects()[0], own = hint.getBoundingClientRect();
  const above = box.top - own.height - 8;
  hint.style.left = Math.max(6, Math.min(innerWidth - own.width - 6, box.left)) + "px";
  hint.style.top = (above > 6 ? above : box.bottom + 8) + "px";
}

for (const [name, value] of data.summary)
  find("summary").append(made("div", {}, made("dt", { textContent: name }), made("dd", { textContent: value })));
find("final").textContent = data.prompt + data.text;
find("again-legend").hidden = !data.steps.some(step => step.changes.some(change => change[1] < 0));
slider.max = last;
slider.addEventListener("input", () => { stop(); show(+slider.value); });
play.addEventListener("click", toggle);
text.addEventListener("pointerover", point);
text.addEventListener("pointerleave", point);
text.addEventListener("click", point);
addEventListener("keydown", event => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target === play && event.key === " ")
    return;
  const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: -10, PageDown: 10, Home: -last, End: last }[event.key];
  if (event.key === " ")
    toggle();
  else if (steps === undefined)
    return;
  else {
    stop();
    show(Math.max(0, Math.min(last, +slider.value + steps)));
  }
  event.preventDefault();
});
draw();
show(last);
