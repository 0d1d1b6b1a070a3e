import { createTheme, type MantineColorsTuple } from '@mantine/core'
import { theme } from '../theme.ts'

/** In the colour of whoever sends the customer; text on it is black or white (WCAG 2.2, 1.4.3). */
export function themeIn(color: string | undefined) {
  if (!color) return theme
  const brand = Array.from({ length: 10 }, () => color) as unknown as MantineColorsTuple
  return createTheme({
    ...theme,
    colors: { brand },
    primaryShade: 6,
    autoContrast: true,
    // Where black and white stand out equally.
    luminanceThreshold: 0.179,
  })
}
