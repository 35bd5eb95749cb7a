// What scripts add to pages that work without them: live updates, times in the reader's zone, keys.

const htmx = window.htmx;
const ui = document.body.dataset.ui;
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// -- times: the page says them in UTC; here they are said in the reader's zone, and UTC on hover

const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const brief = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

function about(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [unit, size] = UNITS.find(([, size]) => whole >= size) ?? ["s", 1];
  return `${Math.floor(whole / size)} ${unit}`;
}

function tell(time) {
  const at = new Date(time.dateTime), apart = "ago" in time.dataset || "left" in time.dataset;
  const says = apart ? about(("ago" in time.dataset ? Date.now() - at : at - Date.now()) / 1000)
    : ("clock" in time.dataset ? brief : local).format(at);
  if (time.textContent !== says) time.textContent = says;
  if (apart) {
    time.title = `${local.format(at)} · ${time.dataset.utc ??= time.title}`;
  }
}

const tellAll = () => all("time").forEach(tell);

// -- live: one stream says which jobs have changed; the parts that show them are asked for anew

// What no stream tells of, such as a worker that is silent, is seen at the next slow look.
const seconds = document.body.dataset, PACE = 1000 * seconds.pace, POLL = 1000 * seconds.poll, SLOW = 30000;
const states = JSON.parse(document.body.dataset.liveSays);
let stream, poll, stopped = sessionStorage.getItem("stopped") === "yes";

function show(state) {
  for (const shown of all(".live")) {
    shown.hidden = false;
    shown.dataset.state = state;
    shown.querySelector("[data-live-text]").textContent = states[state];
    shown.querySelector("[data-updates]").textContent = stopped ? "Update again" : "Stop updating";
  }
}

const due = new Map(), asked = new Set();

// What is asked for, and its filter, go one after the other; news that comes meanwhile is looked at after them.
const busy = (region) => [...asked].some(({ target, sourceElement }) => target?.id === region.id && sourceElement.isConnected);

function refresh(region) {
  // A part is asked for at most once in a pace, and at its end once more when there was more news.
  const wait = (due.get(region.id) ?? 0) - Date.now();
  if (wait > PACE) return;
  due.set(region.id, Math.max(Date.now(), due.get(region.id) ?? 0) + PACE);
  setTimeout(() => {
    const found = document.getElementById(region.id);
    if (!found || stopped) return;
    if (busy(found)) refresh(found);
    else htmx.trigger(found, "news");
  }, Math.max(0, wait));
}

function news(jobs) {
  for (const region of all("[data-live]")) {
    const wanted = region.dataset.live;
    if (jobs === null || wanted === "all" || wanted.split(" ").some((id) => jobs.includes(id))) refresh(region);
  }
}

function startPolling() {
  if (stopped || document.hidden) return;
  show("polling");
  poll ??= setInterval(() => news(null), POLL);
}

function stopPolling() {
  clearInterval(poll);
  poll = undefined;
}

function connect() {
  if (stopped || document.hidden || stream) return;
  stream = new EventSource(`${ui}/stream`);
  stream.addEventListener("start", () => {
    stopPolling();
    show("live");
    news(null);
  });
  stream.addEventListener("news", (event) => news(JSON.parse(event.data).jobs));
  stream.addEventListener("error", () => {
    // The browser connects again by itself, unless it was refused.
    if (stream?.readyState === EventSource.CLOSED) stream = undefined;
    startPolling();
  });
}

function disconnect() {
  stream?.close();
  stream = undefined;
  stopPolling();
}

function stopUpdating(value) {
  stopped = value;
  sessionStorage.setItem("stopped", stopped ? "yes" : "no");
  disconnect();
  show(stopped ? "stopped" : "connecting");
  announce(stopped ? "The page is not updated any more" : "The page is updated again");
  connect();
}

// -- what is worth saying to who cannot see it change

function announce(text) {
  document.getElementById("announce").textContent = text;
}

let said = "";

function say() {
  const now = document.querySelector("[data-say]")?.dataset.say ?? "";
  if (now && now !== said && said !== null) announce(now);
  said = now;
}

// -- the list: what is selected

// Options that are replaced lose what was chosen among them.
let which = "selected";

function count() {
  const boxes = all('#bulk [name="id"]'), chosen = boxes.filter((box) => box.checked).length;
  const whole = document.querySelector("[data-all]"), option = document.querySelector('#bulk option[value="selected"]');
  if (!whole) return;
  document.querySelector('#bulk [name="which"]').value = which;
  whole.hidden = false;
  whole.checked = boxes.length > 0 && chosen === boxes.length;
  whole.indeterminate = chosen > 0 && chosen < boxes.length;
  option.textContent = chosen ? `Selected jobs: ${chosen}` : "Selected jobs";
}

// -- a time that is entered: it is of the reader's zone, and the form says which that is; UTC is said beside it

const universal = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

function zoned(input) {
  const at = new Date(input.value), here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.getElementById(input.dataset.zone).value = here;
  document.getElementById(`${input.id}-hint`).textContent = isNaN(at)
    ? `In your time zone, ${here}; at once when it is empty.`
    : `In your time zone, ${here}: that is ${universal.format(at)} UTC.`;
}

// -- keys

const go = new Map(all("[data-go]").map((link) => [link.dataset.go, link]));
const dialog = document.getElementById("keys");
const keysOn = document.getElementById("keys-on");
let gone = 0;

function move(step) {
  const links = all(".jobs .type a");
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + step))]?.focus();
}

const keys = {
  "?": () => dialog.showModal(),
  "/": () => (document.getElementById("text") ?? document.querySelector(".bar .home")).focus(),
  j: () => move(1),
  k: () => move(-1),
  x: () => document.activeElement.closest(".jobs tr")?.querySelector('[name="id"]')?.click(),
  n: () => document.querySelector("[data-new]")?.click(),
  p: () => stopUpdating(!stopped),
  g: () => { gone = Date.now(); },
};

function pressed(event) {
  const typing = event.target.closest("textarea, select, input:not([type=checkbox], [type=radio])");
  if (typing && event.key === "Escape") event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || dialog.open || !keysOn.checked) return;
  const link = Date.now() - gone < 1500 ? go.get(event.key) : undefined;
  gone = 0;
  const act = link ? () => link.click() : Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
  if (!act) return;
  event.preventDefault();
  act();
}

// -- begin

function renew() {
  tellAll();
  count();
  say();
  show(stopped ? "stopped" : poll ? "polling" : stream?.readyState === EventSource.OPEN ? "live" : "connecting");
  all("[data-apply]").forEach((button) => { button.hidden = true; });
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-updates]")) stopUpdating(!stopped);
  if (event.target.closest("[data-keys]")) dialog.showModal();
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent);
    announce("Copied");
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    all('#bulk [name="id"]').forEach((box) => { box.checked = event.target.checked; });
  }
  if (event.target.matches('#bulk [name="which"]')) which = event.target.value;
  // Another filter finds other jobs.
  if (event.target.closest(".filters")) which = "selected";
  if (event.target.closest("#bulk")) count();
});
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-zone]")) zoned(event.target);
});
document.addEventListener("toggle", (event) => {
  if (event.target.closest("#dock")) localStorage.setItem("dock", event.target.open ? "open" : "closed");
}, true);
document.addEventListener("keydown", pressed);
document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
document.addEventListener("htmx:before:request", (event) => asked.add(event.detail.ctx));
document.addEventListener("htmx:finally:request", (event) => asked.delete(event.detail.ctx));
document.addEventListener("htmx:before:swap", (event) => {
  // An answer that was on its way when updates were stopped comes too late.
  if (stopped && "X-Live" in event.detail.ctx.request.headers) event.preventDefault();
});
document.addEventListener("htmx:after:swap", renew);
addEventListener("pagehide", disconnect);
addEventListener("pageshow", (event) => { if (event.persisted) connect(); });

keysOn.checked = localStorage.getItem("keys") !== "off";
keysOn.addEventListener("change", () => localStorage.setItem("keys", keysOn.checked ? "on" : "off"));
all("[data-keys]").forEach((button) => { button.hidden = false; });
if (localStorage.getItem("dock") === "open") document.querySelector("#dock details")?.setAttribute("open", "");
// What was sent before stays in the zone that it was entered in, until it is changed.
all("[data-zone]").forEach((input) => { if (!input.value) zoned(input); });
renew();
setInterval(tellAll, 1000);
setInterval(() => { if (stream) news(null); }, SLOW);
connect();
