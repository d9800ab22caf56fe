// Every page with the person who opens it. A new page gets a line here: axe, the console's errors, foreign requests and
// the screenshots follow from it.
export const pages = [
  { name: "login", who: null, path: "/login" },
  { name: "new", who: "yamada", zone: "internet", path: "/new" },
  { name: "history", who: "yamada", zone: "internet", path: "/transfers" },
  { name: "transfer", who: "yamada", zone: "internet", path: "/transfers/{id}" },
  { name: "account", who: "yamada", zone: "internet", path: "/account" },
  { name: "step-up", who: "yamada", zone: "internet", path: "/step-up?next=/account" },
  { name: "not-found", who: "yamada", zone: "internet", path: "/nowhere", status: 404 },
  { name: "approvals", who: "suzuki", zone: "lgwan", path: "/approvals" },
  { name: "decision", who: "suzuki", zone: "lgwan", path: "/transfers/{id}" },
  { name: "mynumber-new", who: "yamada", zone: "mynumber", path: "/new" },
  { name: "admin", who: "joho", zone: "lgwan", path: "/admin" },
  { name: "admin-people", who: "joho", zone: "lgwan", path: "/admin/people" },
  { name: "admin-person-new", who: "joho", zone: "lgwan", path: "/admin/people/new" },
  { name: "admin-import", who: "joho", zone: "lgwan", path: "/admin/people/import" },
  { name: "admin-zones", who: "joho", zone: "lgwan", path: "/admin/zones" },
  { name: "admin-ledger", who: "joho", zone: "lgwan", path: "/admin/ledger" },
  { name: "admin-health", who: "joho", zone: "lgwan", path: "/admin/health" },
];
