package apikeys

import "souk/internal/id"

// Created says that there is another API key.
type Created struct {
	KeyID id.APIKey `json:"key_id"`
}

// Revoked says that an API key lets nobody in any more.
type Revoked struct {
	KeyID id.APIKey `json:"key_id"`
}

func (Created) EventName() string { return "apikeys.created" }
func (Revoked) EventName() string { return "apikeys.revoked" }
