/** What this tab remembers, over a reload too; a second tab has its own. */
export function recall(key, otherwise) {
  try {
    return JSON.parse(sessionStorage.getItem(`fanring.${key}`)) ?? otherwise;
  } catch {
    return otherwise; // the browser keeps nothing for this page, or somebody has edited it
  }
}

export function remember(key, value) {
  try {
    sessionStorage.setItem(`fanring.${key}`, JSON.stringify(value));
  } catch {
    // As if the tab were new after a reload.
  }
}
