/** Behind a vendor's page: a window that was opened for it goes, the tab goes back. */
if (document.body.hasAttribute('data-closes')) {
  if (!document.querySelector('.words')) window.close()
} else {
  const back = document.getElementById('back')
  if (back) location.replace(back.href)
}
