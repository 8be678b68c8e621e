// What a page does, whichever engine laid it out; each part is a small module.
import { cards } from "./cards.js";
import { copyButtons, headingAnchors } from "./code.js";
import { enlarge } from "./enlarge.js";
import { openTargets } from "./folds.js";
import { filterListings } from "./listing.js";
import { openInPrint } from "./print.js";
import { search } from "./search.js";
import { solvedMarks } from "./solved.js";
import { themeToggle } from "./theme.js";
import { tableOfContents } from "./toc.js";

themeToggle();
openTargets();
copyButtons();
headingAnchors();
filterListings();
tableOfContents();
search();
openInPrint();
solvedMarks();
cards();
enlarge();
