package notifications

// Topic is a group of kinds that people switch on and off together.
type Topic string

// The topics.
const (
	Security Topic = "security" // about access to an account; cannot be switched off
	Account  Topic = "account"
	Orders   Topic = "orders"
	Wishlist Topic = "wishlist"
	Offers   Topic = "offers" // off until somebody asks for them
)

// topics is their order in a list.
var topics = []Topic{Security, Account, Orders, Wishlist, Offers}

// required reports whether a topic cannot be switched off.
func (t Topic) required() bool { return t == Security }

// byDefault reports whether those who have not said hear of a topic.
func (t Topic) byDefault() bool { return t != Offers }

// A Kind is one sort of message. Its words are in text/*.json, under its name.
type Kind struct {
	Name   string
	Topic  Topic
	Always bool // sent whatever the recipient wants: it was asked for, or is owed
	Secret bool // holds a link that lets in whoever has it
}

// The kinds.
var (
	VerifyEmail        = Kind{"verify_email", Security, true, true}
	PasswordReset      = Kind{"password_reset", Security, true, true}
	SignInLink         = Kind{"sign_in_link", Security, true, true}
	EmailChange        = Kind{"email_change", Security, true, true}         // to the new address
	EmailChangeNotice  = Kind{"email_change_notice", Security, true, false} // to the old one
	EmailChanged       = Kind{"email_changed", Security, true, false}       // to both
	PasswordChanged    = Kind{"password_changed", Security, true, false}
	NewDevice          = Kind{"new_device", Security, true, false}
	SessionEnded       = Kind{"session_ended", Security, true, false}
	RegisteredAgain    = Kind{"registered_again", Security, true, false}
	AccountDisabled    = Kind{"account_disabled", Security, true, false}
	FactorAdded        = Kind{"factor_added", Security, true, false}
	FactorRemoved      = Kind{"factor_removed", Security, true, false}
	RecoveryCodeUsed   = Kind{"recovery_code_used", Security, true, false}
	RecoveryCodesMade  = Kind{"recovery_codes_made", Security, true, false}
	PasskeyCopied      = Kind{"passkey_copied", Security, true, false}
	LoginConnected     = Kind{"login_connected", Security, true, false}
	LoginDisconnected  = Kind{"login_disconnected", Security, true, false}
	DataExport         = Kind{"data_export", Account, true, true}
	VendorInvitation   = Kind{"vendor_invitation", Account, true, true}
	RolesChanged       = Kind{"roles_changed", Account, false, false}
	ReviewRejected     = Kind{"review_rejected", Account, true, false} // owed: whoever is silenced hears why
	OrderConfirmed     = Kind{"order_confirmed", Orders, true, false}  // owed: the contract on a durable medium
	OrderToPay         = Kind{"order_to_pay", Orders, true, false}     // owed: where to send the money
	OrderShipped       = Kind{"order_shipped", Orders, false, false}
	OrderDelivered     = Kind{"order_delivered", Orders, false, false}
	OrderRefused       = Kind{"order_refused", Orders, true, false}  // owed: what they do not owe any more
	OrderReturned      = Kind{"order_returned", Orders, true, false} // owed: what becomes of their money
	DigitalReady       = Kind{"digital_ready", Orders, true, false}  // owed: how to get what was paid for
	OrderCancelled     = Kind{"order_cancelled", Orders, true, false}
	OrderPartCancelled = Kind{"order_part_cancelled", Orders, true, false}
	OrderRefunded      = Kind{"order_refunded", Orders, true, false}
	Invoice            = Kind{"invoice", Orders, true, false}             // owed: the law wants buyers to have it
	CreditNote         = Kind{"credit_note", Orders, true, false}         // owed as the invoice that it corrects
	GiftCard           = Kind{"gift_card", Orders, true, true}            // it is what was paid for
	MembershipStarted  = Kind{"membership_started", Account, true, false} // owed: what was agreed, and until when
	MembershipDue      = Kind{"membership_due", Account, true, false}
	MembershipCharge   = Kind{"membership_charge", Account, true, false} // owed: what is taken while they are away
	MembershipOverdue  = Kind{"membership_overdue", Account, true, false}
	MembershipEnded    = Kind{"membership_ended", Account, true, false}
	DowngradeDropped   = Kind{"downgrade_dropped", Account, true, false} // owed: the next period costs more than they have said
	AlertConfirm       = Kind{"alert_confirm", Wishlist, true, true}
	PriceDrop          = Kind{"price_drop", Wishlist, false, false}
	BackInStock        = Kind{"back_in_stock", Wishlist, false, false}
	RefundToApprove    = Kind{"refund_to_approve", Account, true, false} // owed: nobody else gives the money back
	DisputeOpened      = Kind{"dispute_opened", Account, true, false}    // owed: who does not answer loses
	DisputeDue         = Kind{"dispute_due", Account, true, false}
	Test               = Kind{"test", Account, true, false}
)

// kinds is all of them.
var kinds = []Kind{
	VerifyEmail, PasswordReset, SignInLink, EmailChange, EmailChangeNotice, EmailChanged, PasswordChanged, NewDevice, SessionEnded,
	RegisteredAgain, AccountDisabled, FactorAdded, FactorRemoved, RecoveryCodeUsed, RecoveryCodesMade, PasskeyCopied,
	LoginConnected, LoginDisconnected, DataExport, VendorInvitation, RolesChanged, ReviewRejected,
	OrderConfirmed, OrderToPay, OrderShipped, OrderDelivered, OrderRefused, OrderReturned, DigitalReady, OrderCancelled, OrderPartCancelled, OrderRefunded, Invoice, CreditNote, GiftCard,
	MembershipStarted, MembershipDue, MembershipCharge, MembershipOverdue, MembershipEnded, DowngradeDropped,
	AlertConfirm, PriceDrop, BackInStock, RefundToApprove, DisputeOpened, DisputeDue, Test,
}

// kindNamed is the kind of a stored message; false for one that another version
// of souk has made.
func kindNamed(name string) (Kind, bool) {
	for _, k := range kinds {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}
