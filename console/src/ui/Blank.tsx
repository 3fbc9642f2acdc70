import { Button } from "@mantine/core";
import { IconCloudOff, IconInbox, IconLock, IconMoodSad } from "@tabler/icons-react";
import type { ReactNode } from "react";
import css from "./ui.module.css";

interface BlankProps {
  title: string;
  text?: ReactNode;
  actions?: ReactNode;
  sign?: typeof IconInbox;
  number?: string;
  alert?: boolean;
}

// Blank stands where something would be: it says why it is not, and what to do.
export function Blank({ title, text, actions, sign: Icon = IconInbox, number, alert }: BlankProps) {
  return (
    <div className={css.empty} role={alert ? "alert" : undefined}>
      <Icon className={css.emptyIcon} size={26} stroke={1.5} aria-hidden />
      <p className={css.emptyTitle}>{title}</p>
      {text && <p className={css.emptyText}>{text}</p>}
      {number && <p className={css.number}>Request <code>{number}</code></p>}
      {actions && <div className={css.emptyActions}>{actions}</div>}
    </div>
  );
}

export interface FailureProps {
  kind: "denied" | "absent" | "unreachable" | "failed";
  text: string;
  number?: string;
  onRetry?: () => void;
}

const failures = {
  denied: { title: "This is not for your function", sign: IconLock },
  absent: { title: "There is nothing here", sign: IconInbox },
  unreachable: { title: "Writ does not answer", sign: IconCloudOff },
  failed: { title: "This did not work", sign: IconMoodSad },
};

export function Failure({ kind, text, number, onRetry }: FailureProps) {
  const { title, sign } = failures[kind];
  return (
    <Blank
      alert title={title} sign={sign} text={text} number={kind === "failed" ? number : undefined}
      actions={onRetry && kind !== "denied" && kind !== "absent" && <Button variant="default" onClick={onRetry}>Try again</Button>}
    />
  );
}
