// While previewing: reload when the site was rendered anew, show what went wrong.
// Served by render/preview.py, never part of a built site.
const overlay = document.createElement("pre");
overlay.setAttribute("role", "alert");
overlay.style.cssText =
  "position:fixed;inset:auto 0 0 0;max-height:60vh;overflow:auto;margin:0;padding:1rem;z-index:9999;" +
  "background:#2b0b0e;color:#ffe3e6;border-top:4px solid #ff5c6c;font:14px/1.5 monospace;white-space:pre-wrap";
let shown = null;
new EventSource("/-/events").addEventListener("message", (event) => {
  const { version, errors } = JSON.parse(event.data);
  if (errors.length) {
    overlay.textContent = errors.join("\n\n") + "\n\nThe page behind this is the last good one.";
    document.body.append(overlay);
  } else if (shown !== null && shown !== version) {
    location.reload();
  } else {
    overlay.remove();
  }
  if (shown === null || !errors.length) shown = version;
});
