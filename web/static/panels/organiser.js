// @ts-check
/** The organiser's page: links, who is here, what runs, and the conference's facts. */

import { find } from "../lib/dom.js";
import { openDesk } from "./desk.js";
import { facts, health } from "./health.js";
import { here } from "./here.js";
import { links } from "./links.js";

const page = await openDesk(["organiser"]);
links(find(document, "[data-links]"), page);
health(find(document, "[data-health]"), page);
here(find(document, "[data-here]"), page);
facts(find(document, "[data-facts]"), page);
