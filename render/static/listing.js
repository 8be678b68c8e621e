// Lists of pages, filtered by the category in the address: #category=latents.

export function filterListings() {
  if (!document.querySelector(".quarto-listing-category")) return;
  addEventListener("hashchange", filter);
  filter();
}

function filter() {
  const wanted = new URLSearchParams(location.hash.slice(1)).get("category") ?? "";
  for (const link of document.querySelectorAll(".quarto-listing-category .category")) {
    link.setAttribute("aria-current", String(link.dataset.category === wanted));
  }
  for (const listing of document.querySelectorAll(".quarto-listing")) {
    const posts = [...listing.querySelectorAll("[data-categories]")];
    for (const post of posts) {
      post.hidden = wanted !== "" && !JSON.parse(post.dataset.categories).includes(wanted);
    }
    const none = listing.querySelector(".listing-no-matching");
    if (none) none.hidden = posts.some((post) => !post.hidden);
  }
}
