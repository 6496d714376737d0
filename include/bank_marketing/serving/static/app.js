// What the pages do beyond links and forms. Without it they still work: every form can be sent as it is.
"use strict";

const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";
const { locale, currency, successes } = document.documentElement.dataset; // as the campaign's params.yaml says
const money = new Intl.NumberFormat(locale, { ...(currency && { style: "currency", currency }), maximumFractionDigits: 0 });
const whole = new Intl.NumberFormat(locale);
const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const share = new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
/** A share as campaign/presentation.py writes it: English of no country has a space before the sign. */
const percent = (value) => (locale === "en" ? tenths.format(100 * value) + "\u00a0%" : share.format(value));

/** Fetch a part of a page. Gives its HTML and where it came from; an expired session leads to the login. */
async function part(address, options = {}) {
  const headers = { "X-Fragment": "1", Accept: "text/html", "X-CSRF-Token": csrf };
  const answer = await fetch(address, { ...options, headers, credentials: "same-origin" });
  if (new URL(answer.url).pathname === "/login") {
    location.assign("/login?next=" + encodeURIComponent(location.pathname));
    return null;
  }
  if (answer.status === 401 && options.form) {
    options.form.submit(); // as a page: the login keeps what was filled in
    return null;
  }
  return { ok: answer.ok, html: await answer.text(), address: answer.url };
}

function alertHtml(text) {
  const box = document.createElement("div");
  box.className = "alert";
  box.setAttribute("role", "alert");
  box.textContent = text;
  return box.outerHTML;
}

const OFFLINE = "The service does not answer. Check the connection and try again.";

/** Score a customer: the answer appears beside the form; after it, changed fields ask what-if. */
function scoreForm(form) {
  const result = document.getElementById("result");
  let scored = null; // the fields as scored
  let asked = 0;
  let timer = 0;

  async function ask(address, body) {
    const mine = ++asked;
    result.classList.add("busy");
    try {
      const answer = await part(address, { method: "POST", body, form });
      if (answer === null || mine !== asked) return false;
      result.innerHTML = answer.html;
      const follow = result.querySelector("[data-follow]");
      for (const [name, value] of Object.entries(JSON.parse(follow?.dataset.follow ?? "{}"))) form.elements[name].value = value;
      return answer.ok;
    } catch {
      if (mine === asked) result.innerHTML = alertHtml(OFFLINE);
      return false;
    } finally {
      if (mine === asked) result.classList.remove("busy");
    }
  }

  function mark() {
    for (const field of form.querySelectorAll(".field")) {
      const input = field.querySelector("input, select");
      field.classList.toggle("changed", scored !== null && input.value !== scored.get(input.name));
    }
  }

  function whatIf() {
    const body = new URLSearchParams(new FormData(form));
    for (const [name, value] of scored) body.append("base_" + name, value);
    ask(form.dataset.whatIf, body);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    if (await ask(form.getAttribute("action"), body)) {
      scored = new Map(body);
      mark();
      result.querySelector(".decision")?.focus({ preventScroll: false });
    } else {
      result.querySelector(".alert")?.focus();
    }
  });
  form.addEventListener("input", () => {
    if (scored === null) return;
    mark();
    clearTimeout(timer);
    timer = setTimeout(() => form.checkValidity() && whatIf(), 250);
  });
  // A field that needs mending cannot be shown by the browser while its group is folded.
  form.addEventListener("invalid", (event) => event.target.closest("details")?.setAttribute("open", ""), true);
  form.addEventListener("reset", () => {
    scored = null;
    asked++;
    result.classList.remove("busy");
    result.innerHTML = '<p class="empty">Fill in the form and press <em>Score</em>.</p>';
    setTimeout(mark);
  });
  result.addEventListener("click", (event) => {
    if (!event.target.closest("[data-reset]")) return;
    for (const [name, value] of scored) {
      if (form.elements[name]) form.elements[name].value = value;
    }
    mark();
    whatIf();
    form.querySelector("select, input:not([type=hidden])").focus();
  });
}

const PREVIEWED = 5;

/** Cells of one line of a CSV file; quotes are taken off. */
function cells(line, delimiter) {
  const found = line.match(new RegExp(`("(?:[^"]|"")*"|[^${delimiter}]*)(?:${delimiter}|$)`, "g")) ?? [];
  const whole = line.endsWith(delimiter) ? found : found.slice(0, -1); // the last match is empty: the line's end
  return whole.map((cell) => cell.replace(new RegExp(`${delimiter}$`), "").replace(/^"(.*)"$/, "$1").replaceAll('""', '"'));
}

/** The first rows of the file that was chosen, before anything is sent. */
async function preview(file, box) {
  const start = await file.slice(0, 20000).text();
  const lines = start.replace(/^\uFEFF/, "").split(/\r?\n/).filter((line) => line.trim());
  if (file.size > 20000) lines.pop(); // it may be cut
  if (!lines.length || start.includes("\u0000")) {
    box.replaceChildren();
    return;
  }
  if (/^"?sep=.$/i.test(lines[0])) lines.shift();
  if (!lines.length) return;
  const used = [";", ",", "\t", "\\|"].map((mark) => [cells(lines[0], mark).length, mark]);
  const delimiter = used.reduce((best, other) => (other[0] > best[0] ? other : best))[1];
  const table = document.createElement("table");
  lines.slice(0, PREVIEWED + 1).forEach((line, number) => {
    const row = (number ? table.tBodies[0] ?? table.createTBody() : table.createTHead()).insertRow();
    for (const text of cells(line, delimiter)) {
      const cell = document.createElement(number ? "td" : "th");
      if (!number) cell.scope = "col";
      cell.textContent = text;
      row.append(cell);
    }
  });
  const told = document.createElement("p");
  told.className = "hint";
  told.textContent = lines.length > 1 ? "The first rows of your file:" : "Your file has no rows below its first line.";
  const scroll = document.createElement("div");
  scroll.className = "scroll small";
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "First rows of your file");
  scroll.append(table);
  box.replaceChildren(told, scroll);
}

/** Send a list with a progress bar. */
function uploadForm(form) {
  const progress = document.getElementById("progress");
  const chosen = form.elements.file;
  chosen.addEventListener("change", () => {
    progress.replaceChildren();
    if (chosen.files.length) preview(chosen.files[0], document.getElementById("preview"));
    else document.getElementById("preview").replaceChildren();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.setAttribute("aria-label", "Sent");
    const told = document.createElement("p");
    told.textContent = "Sending and checking …";
    progress.replaceChildren(told, bar);
    request.upload.addEventListener("progress", (sent) => {
      bar.value = sent.loaded / sent.total;
    });
    request.upload.addEventListener("load", () => bar.removeAttribute("value"));
    request.addEventListener("load", () => {
      const landed = new URL(request.responseURL).pathname;
      if (request.status < 400 && landed !== "/list") location.assign(landed);
      else progress.innerHTML = request.responseText;
    });
    request.addEventListener("error", () => {
      progress.innerHTML = alertHtml(OFFLINE);
    });
    request.open("POST", form.getAttribute("action"));
    request.setRequestHeader("X-Fragment", "1");
    request.setRequestHeader("Accept", "text/html");
    request.setRequestHeader("X-CSRF-Token", csrf);
    request.send(new FormData(form));
  });
}

/** Follow a list until it is done. */
async function followFile(box) {
  while (["waiting", "scoring"].includes(box.dataset.state)) {
    await new Promise((done) => setTimeout(done, 700));
    const answer = await part("/list/" + box.dataset.file).catch(() => null);
    if (answer?.ok) {
      box.innerHTML = answer.html;
      box.dataset.state = box.querySelector("progress") ? "scoring" : "done";
    }
  }
  const cut = document.getElementById("cutoff");
  if (cut) cutOff(cut);
}

/** The cut-off slider: calls, successes and profit expected of the first n. */
async function cutOff(box) {
  const slider = box.querySelector("#cut");
  const answer = await fetch(box.dataset.curve, { credentials: "same-origin" });
  const curve = await answer.json();
  const points = [[0, 1, 0], ...curve.points];

  function conversions(n) {
    const after = points.findIndex((point) => point[0] >= n);
    const [high, low] = [points[after], points[Math.max(after - 1, 0)]];
    const share = high[0] === low[0] ? 0 : (n - low[0]) / (high[0] - low[0]);
    return low[2] + share * (high[2] - low[2]);
  }

  function show() {
    const n = Number(slider.value);
    const won = conversions(n);
    const set = (id, text) => (document.getElementById(id).textContent = text);
    set("cut-calls", whole.format(n));
    set("cut-conversions", tenths.format(won));
    set("cut-profit", money.format(won * curve.deposit_margin - n * curve.call_cost).replace("-", "\u2212"));
    set("cut-share", percent(n ? won / n : 0));
    slider.setAttribute("aria-valuetext", `${n} calls, ${won.toFixed(0)} ${successes} expected`);
    const download = document.getElementById("cut-download");
    download.href = `${box.dataset.download}?top=${Math.max(n, 1)}`;
    download.hidden = n === 0; // nobody to call is no list
    for (const row of document.querySelectorAll("#ranked tbody tr")) row.classList.toggle("beyond", Number(row.dataset.rank) > n);
  }

  slider.addEventListener("input", show);
  show();
}

/** Parts that change by themselves: the model in the page's head. */
function poll(box) {
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await part(box.dataset.poll).catch(() => null);
    if (answer?.ok && answer.html.trim() !== box.innerHTML.trim()) box.innerHTML = answer.html;
  }, Number(box.dataset.every ?? 15000));
}

document.querySelectorAll("#score-form").forEach(scoreForm);
document.querySelectorAll("#upload-form").forEach(uploadForm);
document.querySelectorAll("[data-file]").forEach(followFile);
document.querySelectorAll("[data-poll]").forEach(poll);
