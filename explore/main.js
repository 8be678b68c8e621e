// Every page loads this; what it brings to life is fetched only where there is some.

if (document.querySelector(".explorable")) {
  const { bringToLife } = await import("./shell.js");
  window.explorables = bringToLife(document); // by name, for tests and the curious
}
