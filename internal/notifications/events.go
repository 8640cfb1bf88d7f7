package notifications

import "souk/internal/id"

// RetryAsked says that staff want a message sent again.
type RetryAsked struct {
	MessageID id.Message `json:"message_id"`
}

// EventName is the event's name in the log.
func (RetryAsked) EventName() string { return "notifications.retry_asked" }
