import react from "@vitejs/plugin-react";
import { convertCssVariables, DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from "@mantine/core";
import { defineConfig, type Plugin } from "vite";
import { theme } from "./src/theme/theme.ts";

// The variables that Mantine would put into a style element while the page runs,
// which our policy forbids, are written into the stylesheet instead.
function mantineVariables(): Plugin {
  const id = "virtual:mantine-variables.css";
  return {
    name: "mantine-variables",
    resolveId: (name) => (name === id ? "\0" + id : undefined),
    load: (name) => {
      if (name !== "\0" + id) return undefined;
      const variables = defaultCssVariablesResolver(mergeMantineTheme(DEFAULT_THEME, theme));
      return convertCssVariables(variables, ":root", "");
    },
  };
}

export default defineConfig({
  plugins: [react(), mantineVariables()],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // nothing as data: in the page
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/v1": "http://localhost:7400", "/auth": "http://localhost:7400" } },
  // What asks where it is, or draws, says so in its first line: a page takes seconds to make.
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
} as Parameters<typeof defineConfig>[0]);
