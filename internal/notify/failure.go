package notify

import (
	"crypto/tls"
	"errors"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/writhq/writ/internal/fault"
)

// How giving a mail to a server fails.
var (
	// ErrServer: the server takes no mail now, neither this nor another.
	ErrServer = fault.New(fault.Unavailable, "mail-server", "the mail server does not take mail now; it is tried again")
	// ErrLater: this mail is not taken now.
	ErrLater = fault.New(fault.Unavailable, "mail-later", "the mail server does not take this mail now; it is tried again")
	// ErrRefused: this mail will not be taken.
	ErrRefused = fault.New(fault.Refused, "mail-refused", "the mail server refuses this mail: look whether the address is right, then try it again")
)

// Lasting reports whether an error is of one message and stays: trying again without a
// change is of no use.
func Lasting(err error) bool {
	return errors.Is(err, ErrRefused) || errors.Is(err, ErrAddress) || errors.Is(err, ErrMessage)
}

const maxAnswer = 300 // characters that are kept of what a server said

// said is an answer of a server, as text that can be shown.
func said(err error) error {
	return errors.New(short(line(err.Error()), maxAnswer))
}

// dialFailure is of everything before the first word about a mail: the server's.
func dialFailure(err error) error {
	if own, ok := errors.AsType[*fault.Error](err); ok {
		return ErrServer.Because(own)
	}
	if strings.HasPrefix(err.Error(), signingIn) {
		code := "it answered nothing that SMTP knows"
		if answer, ok := errors.AsType[*textproto.Error](err); ok {
			code = "code " + strconv.Itoa(answer.Code)
		}
		return ErrServer.With("the mail server does not let Writ sign in (%s): look at mail.user and mail.password", code)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return ErrServer.With("the certificate of the mail server is not trusted: use the name that it is for, and mail.ca for the authority that it is from").Because(said(err))
	}
	return ErrServer.Because(said(err))
}

// sendFailure tells what is of the server from what is of the mail.
func sendFailure(err error) error {
	f, ok := errors.AsType[*mail.SendError](err)
	if !ok {
		return ErrServer.Because(said(err))
	}
	code := f.ErrorCode()
	switch f.Reason {
	case mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose:
	default: // also that it sends no mail from this address: that is of every mail
		return ErrServer.Because(said(err))
	}
	switch {
	case code >= 500:
		return ErrRefused.Because(said(err))
	case code >= 400 && code != codeClosing:
		return ErrLater.Because(said(err))
	}
	return ErrServer.Because(said(err))
}

// codeClosing is a reply of SMTP that means more than its first digit.
const codeClosing = 421

// signingIn is what the library begins an error with that it met while it signed in.
const signingIn = "SMTP AUTH failed"
