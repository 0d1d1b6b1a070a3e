/** A page that says how something ended, and leads on. */
export interface Notice {
  title: string
  message: string
  /** The vendor's own words. */
  detail?: string | undefined
  /** Where to go on, relative to the page; left out: nowhere. */
  back?: string | undefined
  /** Whether the window was opened for this, and may go. */
  closes?: boolean
}

/** HTML of it: nothing that was given is taken for markup. */
export function renderNotice({ title, message, detail, back, closes = false }: Notice): string {
  const parts = [
    `<h1>${escapeText(title)}</h1>`,
    `<p>${escapeText(message)}</p>`,
    detail && `<p class="words"><span>In their words:</span> ${escapeText(detail)}</p>`,
    closes && '<p>You can close this window.</p>',
    back && `<p><a class="button" id="back" href="${escapeText(back)}">Go on</a></p>`,
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(title)}</title>
<link rel="stylesheet" href="../connect/assets/page.css">
<script type="module" src="../connect/assets/notice.js"></script>
</head>
<body${closes ? ' data-closes' : ''}>
<main class="card" role="status">
${parts.filter(Boolean).join('\n')}
</main>
</body>
</html>
`
}

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
