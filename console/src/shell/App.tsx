import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { asProblem } from "../client/problem";
import { StepUp } from "../features/signin/StepUp";
import { theme } from "../theme/theme";
import { router } from "./router";

const schemes = localStorageColorSchemeManager({ key: "writ-scheme" });

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (times, error) => times < 2 && asProblem(error).passes,
      refetchOnWindowFocus: true,
    },
  },
});

// What Mantine would write into style elements is in the stylesheet already (see
// vite.config.ts), since the page's policy allows no inline style.
export function App() {
  return (
    <MantineProvider
      theme={theme} colorSchemeManager={schemes} defaultColorScheme="auto"
      withCssVariables={false} withStaticClasses={false} withGlobalClasses={false}
    >
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
        <StepUp />
      </QueryClientProvider>
    </MantineProvider>
  );
}
