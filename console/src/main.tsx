import "@fontsource-variable/inter/wght.css";
import "@mantine/core/styles.layer.css";
import "virtual:mantine-variables.css";
import "./theme/tokens.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./shell/App";

createRoot(document.getElementById("root")!).render(<StrictMode><App /></StrictMode>);
