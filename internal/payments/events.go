package payments

import "souk/internal/id"

// NoticeKept says that a provider has told something, which is now to be looked
// into.
type NoticeKept struct {
	NoticeID id.Notice `json:"notice_id"`
}

// InstructionDue says that a provider is to be told to do something.
type InstructionDue struct {
	InstructionID id.Instruction `json:"instruction_id"`
}

// ExceptionFound says that something does not add up, and that a person must
// look at it.
type ExceptionFound struct {
	ExceptionID id.Exception `json:"exception_id"`
}

// The names of the events in the log.
func (NoticeKept) EventName() string     { return "payments.notice_kept" }
func (InstructionDue) EventName() string { return "payments.instruction_due" }
func (ExceptionFound) EventName() string { return "payments.exception_found" }
