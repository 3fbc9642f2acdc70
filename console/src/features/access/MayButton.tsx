import { Button, Tooltip, type ButtonProps } from "@mantine/core";
import type { ReactNode } from "react";

export interface Verdict {
  allowed: boolean;
  why?: string;
}

interface MayButtonProps extends ButtonProps {
  may: Verdict | undefined;
  onClick: () => void;
  children: ReactNode;
}

// MayButton is a button that says why, where one may not press it.
export function MayButton({ may, onClick, children, ...rest }: MayButtonProps) {
  const allowed = may?.allowed ?? false;
  const why = may?.why ?? "you may not do this";
  return (
    <Tooltip label={why} disabled={allowed} multiline maw={320}>
      <Button {...rest} aria-disabled={!allowed} data-disabled={!allowed || undefined} onClick={() => allowed && onClick()}>
        {children}{!allowed && <span className="out-of-view"> is not possible: {why}</span>}
      </Button>
    </Tooltip>
  );
}
