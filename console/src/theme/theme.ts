import { createTheme, type MantineColorsTuple } from "@mantine/core";

// One calm accent. Everything that means something has a colour of its own in tokens.css.
const verdigris: MantineColorsTuple = [
  "#e8f4f2", "#d3e8e5", "#a6d2cc", "#76bab2", "#4fa49b", "#2f8c83", "#14746c", "#0e5f59", "#0b4d49", "#083b38",
];

// What Mantine draws by itself in the dark (fields, menus, switches) goes with the surfaces
// of tokens.css.
const dark: MantineColorsTuple = [
  "#e7eeec", "#b3c0bd", "#93a29e", "#7f8f8b", "#3c4845", "#29322f", "#1c2423", "#161c1b", "#121817", "#0f1413",
];

const title = { fontSize: "1rem", fontWeight: 620 }; // of a dialog

export const theme = createTheme({
  primaryColor: "verdigris",
  primaryShade: { light: 7, dark: 6 },
  colors: { verdigris, dark },
  autoContrast: true,
  luminanceThreshold: 0.3,
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'DejaVu Sans Mono', Menlo, monospace",
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.1875rem" },
  defaultRadius: "sm",
  radius: { xs: "3px", sm: "6px", md: "8px", lg: "12px", xl: "20px" },
  cursorType: "pointer",
  respectReducedMotion: true,
  // Locking the scrolling of the page would take a style element, which the policy forbids.
  components: {
    Modal: { defaultProps: { lockScroll: false, centered: true, closeButtonProps: { "aria-label": "Close" } }, styles: { title } },
    Drawer: { defaultProps: { lockScroll: false, closeButtonProps: { "aria-label": "Close" } }, styles: { title } },
    Button: { defaultProps: { size: "sm" } },
    TextInput: { defaultProps: { size: "sm" } },
    Alert: { styles: { title: { color: "var(--ink)" } } },
    Tooltip: { defaultProps: { withArrow: false, openDelay: 250 } },
  },
});
