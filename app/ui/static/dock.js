// The dock on pages of the service that are not the Jobs page: <script type="module" src="/ui/dock.js"></script>.
// It shows nothing to who is not signed in, and takes no style from its page.

const ui = new URL(import.meta.url).pathname.replace(/\/dock\.js$/, "");
const LOOK = 2000;
const host = document.createElement("div");
const root = host.attachShadow({ mode: "open" });
const style = document.createElement("link");
style.rel = "stylesheet";
const place = document.createElement("div");
root.append(style, place);

async function look() {
  if (document.hidden) return true;
  const answer = await fetch(`${ui}/dock`, { headers: { "HX-Request": "true", "X-Live": "yes" } });
  if (!answer.ok) return false;
  const open = place.querySelector("details")?.open ?? localStorage.getItem("dock") === "open";
  const focused = root.activeElement?.tagName === "SUMMARY";
  place.innerHTML = await answer.text();
  const details = place.querySelector("details");
  details.open = open;
  if (focused) details.querySelector("summary").focus();
  style.href ||= `${ui}${answer.headers.get("X-Style")}`;
  if (!host.isConnected) document.body.append(host);
  return true;
}

async function keepLooking() {
  try {
    if (!(await look())) return;
  } catch {
    // The service does not answer: it is asked again.
  }
  setTimeout(keepLooking, LOOK);
}

keepLooking();
