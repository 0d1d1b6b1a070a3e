import { createTheme, type MantineColorsTuple } from '@mantine/core'

const brand: MantineColorsTuple = [
  '#eef7f6',
  '#dcebe9',
  '#b3d7d3',
  '#87c2bc',
  '#63b0a8',
  '#4da59c',
  '#2f7f78',
  '#276c66',
  '#1f5f5b',
  '#0d514c',
]

export const theme = createTheme({
  primaryColor: 'brand',
  primaryShade: { light: 8, dark: 6 },
  colors: { brand },
  defaultRadius: 'md',
  cursorType: 'pointer',
})
