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

// DisputeOpened says that a buyer's bank wants an answer to a complaint.
type DisputeOpened struct {
	DisputeID id.Dispute `json:"dispute_id"`
}

// DisputeDue says that the time to answer a dispute is nearly over.
type DisputeDue struct {
	DisputeID id.Dispute `json:"dispute_id"`
}

// SavedDropped says that a way to pay is kept no longer, and that its provider
// is to forget it too.
type SavedDropped struct {
	DroppedID id.DroppedMethod `json:"dropped_id"`
}

// The names of the events in the log.
func (NoticeKept) EventName() string     { return "payments.notice_kept" }
func (InstructionDue) EventName() string { return "payments.instruction_due" }
func (ExceptionFound) EventName() string { return "payments.exception_found" }
func (DisputeOpened) EventName() string  { return "payments.dispute_opened" }
func (DisputeDue) EventName() string     { return "payments.dispute_due" }
func (SavedDropped) EventName() string   { return "payments.saved_dropped" }
