// What a page does under the built-in renderer; each part is a small module.
import { copyButtons, headingAnchors } from "./code.js";
import { filterListings } from "./listing.js";
import { openInPrint } from "./print.js";
import { search } from "./search.js";
import { tabsets } from "./tabs.js";
import { themeToggle } from "./theme.js";
import { tableOfContents } from "./toc.js";

themeToggle();
tabsets();
copyButtons();
headingAnchors();
filterListings();
tableOfContents();
search();
openInPrint();
