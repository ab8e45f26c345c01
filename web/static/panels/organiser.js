// @ts-check
/** The organiser's page: links, who is here and whose names are kept, what runs, and the conference's facts. */

import { find } from "../lib/dom.js";
import { openDesk } from "./desk.js";
import { facts, health } from "./health.js";
import { here } from "./here.js";
import { links } from "./links.js";
import { names } from "./names.js";

const page = await openDesk(["organiser"]);
links(find(document, "[data-links]"), page);
health(find(document, "[data-health]"), page);
here(find(document, "[data-here]"), page);
names(find(document, "[data-names]"), page);
facts(find(document, "[data-facts]"), page);
