import { Button, Group, Modal } from "@mantine/core";
import { IconEye, IconEyeOff } from "@tabler/icons-react";
import { useState } from "react";
import { Copy } from "../../ui/Copy";
import { Time } from "../../ui/Time";
import css from "./lease.module.css";

export interface Account {
  login: string;
  password: string;
  system: string;
  until?: string;
}

// Given is what opens an account, this once. It is in this component alone, and on the page
// only while it is shown. Nothing but its button closes it, so that no slip of a key loses what
// cannot be shown again.
export function Given({ of: a, onClose }: { of: Account; onClose: () => void }) {
  const [shown, setShown] = useState(false);
  return (
    <Modal opened onClose={onClose} title={`Your account in ${a.system}`} size="lg" withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false}>
      <div className={css.form}>
        <p>The password is here this once: Writ keeps it nowhere. Where it is lost, give the account back and have another made. It is taken away <Time at={a.until} />.</p>
        <dl className={css.account}>
          <dt>Login</dt>
          <dd><code className={css.value} aria-label="The login">{a.login}</code><Copy value={a.login} what="login" /></dd>
          <dt>Password</dt>
          <dd>{shown ? <code className={css.value} aria-label="The password" data-secret>{a.password}</code> : <span className={`${css.value} ${css.veiled}`}>It is not shown.</span>}<Copy value={a.password} what="password" /></dd>
        </dl>
        <Group justify="flex-end">
          <Button variant="default" leftSection={shown ? <IconEyeOff size={15} aria-hidden /> : <IconEye size={15} aria-hidden />} onClick={() => setShown(!shown)}>{shown ? "Hide it" : "Show it"}</Button>
          <Button onClick={onClose}>I have it</Button>
        </Group>
      </div>
    </Modal>
  );
}
