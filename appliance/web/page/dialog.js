/** A dialog that the page's fragment opens, so that a link opens it and Back closes it. */
import { byId } from './elements.js';

/**
 * `read` takes the key of what is shown out of a fragment, or gives undefined. `clear` empties the dialog for a new key; `refresh`
 * fills it, and asks `isShown` after each wait.
 */
export function openDialog(id, { read, clear, refresh }) {
  const dialog = byId(id);
  let shown;
  let opener;
  let waiting = false;
  const look = async () => {
    const key = shown;
    if (key !== undefined) await refresh(key, () => key === shown);
  };
  const follow = () => {
    const key = read(location.hash);
    if (key === shown) return;
    shown = key;
    if (key === undefined) {
      dialog.close();
      opener?.focus();
      return;
    }
    opener = document.activeElement;
    clear(key);
    if (!dialog.open) dialog.showModal();
    void look();
  };
  dialog.addEventListener('close', () => {
    if (shown !== undefined) location.hash = '';
  });
  byId(`${id}-close`).addEventListener('click', () => dialog.close());
  addEventListener('hashchange', follow);
  follow();
  return {
    look,
    /** Something was written; of one thing when `key` is named. Many at once are one look. */
    changed: (key) => {
      if (shown === undefined || waiting || (key !== undefined && key !== shown)) return;
      waiting = true;
      setTimeout(() => {
        waiting = false;
        void look();
      }, 300);
    },
  };
}
