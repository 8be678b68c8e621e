// A classic script, because browsers refuse modules to pages opened as files.
if (location.protocol === "file:") {
  addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll(".explorable").forEach(function (block) {
      block.dataset.still = "file";
      block.querySelector(".explorable-says").textContent =
        "This figure moves where the page comes from a server: run make preview " +
        "and open the address that it prints.";
    });
  });
}
