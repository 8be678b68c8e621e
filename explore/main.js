// Every page loads this; what it brings to life is fetched only where there is some.

if (document.querySelector(".explorable")) {
  import("./shell.js").then(({ bringToLife }) => bringToLife(document));
}
