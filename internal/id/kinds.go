package id

// The things of the shop that have an id, with the prefix each shows.
type (
	Actor         = Of[actor]
	Audit         = Of[auditEntry]
	Coupon        = Of[coupon]
	CustomerGroup = Of[customerGroup]
	Export        = Of[exportRun]
	Membership    = Of[membership]
	Message       = Of[message]
	MailToken     = Of[mailToken]
	LoginProvider = Of[loginProvider]
	Identity      = Of[identity]
	Invitation    = Of[invitation]
	Factor        = Of[factor]
	APIKey        = Of[apiKey]
	Address       = Of[address]
	Adjustment    = Of[adjustment]
	Brand         = Of[brand]
	Cart          = Of[cart]
	CartItem      = Of[cartItem]
	Category      = Of[category]
	Collection    = Of[collection]
	DigitalFile   = Of[digitalFile]
	CreditEntry   = Of[creditEntry]
	Event         = Of[event]
	GiftCard      = Of[giftCard]
	Grant         = Of[grant]
	Import        = Of[importRun]
	Invoice       = Of[invoice]
	Job           = Of[job]
	LedgerAccount = Of[ledgerAccount]
	LedgerTxn     = Of[ledgerTxn]
	LicenceKey    = Of[licenceKey]
	Location      = Of[location]
	Media         = Of[media]
	Order         = Of[order]
	OrderLine     = Of[orderLine]
	OrderNote     = Of[orderNote]
	Payment       = Of[payment]
	PaymentEvent  = Of[paymentEvent]
	Instruction   = Of[instruction]
	Notice        = Of[notice]
	Dispute       = Of[dispute]
	DroppedMethod = Of[droppedMethod]
	Exception     = Of[exception]
	Movement      = Of[movement]
	Reconcile     = Of[reconcile]
	Product       = Of[product]
	ProductChange = Of[productChange]
	Photo         = Of[photo]
	Plan          = Of[plan]
	PriceList     = Of[priceList]
	ProductExport = Of[productExport]
	Promotion     = Of[promotion]
	Redemption    = Of[redemption]
	Refund        = Of[refund]
	RefundLine    = Of[refundLine]
	RefundRequest = Of[refundRequest]
	Reservation   = Of[reservation]
	Review        = Of[review]
	Role          = Of[role]
	Session       = Of[session]
	ShipOption    = Of[shipOption]
	ShipZone      = Of[shipZone]
	Shipment      = Of[shipment]
	StockMove     = Of[stockMove]
	Tag           = Of[tag]
	TaxExemption  = Of[taxExemption]
	TaxRate       = Of[taxRate]
	TaxZone       = Of[taxZone]
	TrackingMark  = Of[trackingMark]
	User          = Of[user]
	Variant       = Of[variant]
	Vendor        = Of[vendor]
	VendorOrder   = Of[vendorOrder]
	Wishlist      = Of[wishlist]
	WishlistItem  = Of[wishlistItem]
	WishlistShare = Of[wishlistShare]
	Alert         = Of[alert]
)

type (
	actor         struct{}
	auditEntry    struct{}
	coupon        struct{}
	customerGroup struct{}
	exportRun     struct{}
	membership    struct{}
	message       struct{}
	mailToken     struct{}
	loginProvider struct{}
	identity      struct{}
	invitation    struct{}
	factor        struct{}
	apiKey        struct{}
	address       struct{}
	adjustment    struct{}
	brand         struct{}
	cart          struct{}
	cartItem      struct{}
	category      struct{}
	collection    struct{}
	droppedMethod struct{}
	event         struct{}
	importRun     struct{}
	invoice       struct{}
	job           struct{}
	ledgerAccount struct{}
	ledgerTxn     struct{}
	location      struct{}
	media         struct{}
	order         struct{}
	orderLine     struct{}
	orderNote     struct{}
	payment       struct{}
	paymentEvent  struct{}
	instruction   struct{}
	notice        struct{}
	dispute       struct{}
	exception     struct{}
	movement      struct{}
	reconcile     struct{}
	product       struct{}
	productChange struct{}
	photo         struct{}
	plan          struct{}
	priceList     struct{}
	productExport struct{}
	promotion     struct{}
	redemption    struct{}
	refund        struct{}
	refundLine    struct{}
	refundRequest struct{}
	reservation   struct{}
	review        struct{}
	role          struct{}
	session       struct{}
	shipOption    struct{}
	shipZone      struct{}
	shipment      struct{}
	stockMove     struct{}
	tag           struct{}
	taxExemption  struct{}
	taxRate       struct{}
	taxZone       struct{}
	trackingMark  struct{}
	user          struct{}
	variant       struct{}
	vendor        struct{}
	vendorOrder   struct{}
	wishlist      struct{}
	wishlistItem  struct{}
	wishlistShare struct{}
	alert         struct{}
	digitalFile   struct{}
	grant         struct{}
	licenceKey    struct{}
	giftCard      struct{}
	creditEntry   struct{}
)

func (auditEntry) prefix() string    { return "audit" }
func (actor) prefix() string         { return "actor" }
func (apiKey) prefix() string        { return "key" }
func (factor) prefix() string        { return "mfa" }
func (invitation) prefix() string    { return "invite" }
func (loginProvider) prefix() string { return "idp" }
func (identity) prefix() string      { return "ident" }
func (mailToken) prefix() string     { return "mtok" }
func (membership) prefix() string    { return "memb" }
func (message) prefix() string       { return "msg" }
func (coupon) prefix() string        { return "cpn" }
func (customerGroup) prefix() string { return "cgrp" }
func (exportRun) prefix() string     { return "exp" }
func (address) prefix() string       { return "addr" }
func (adjustment) prefix() string    { return "adj" }
func (brand) prefix() string         { return "brand" }
func (cart) prefix() string          { return "cart" }
func (cartItem) prefix() string      { return "item" }
func (category) prefix() string      { return "cat" }
func (collection) prefix() string    { return "coll" }
func (event) prefix() string         { return "evt" }
func (importRun) prefix() string     { return "imp" }
func (invoice) prefix() string       { return "inv" }
func (job) prefix() string           { return "job" }
func (ledgerAccount) prefix() string { return "lacc" }
func (ledgerTxn) prefix() string     { return "txn" }
func (location) prefix() string      { return "loc" }
func (media) prefix() string         { return "med" }
func (order) prefix() string         { return "ord" }
func (orderLine) prefix() string     { return "line" }
func (orderNote) prefix() string     { return "note" }
func (payment) prefix() string       { return "pay" }
func (paymentEvent) prefix() string  { return "payev" }
func (instruction) prefix() string   { return "instr" }
func (notice) prefix() string        { return "whk" }
func (dispute) prefix() string       { return "disp" }
func (droppedMethod) prefix() string { return "drop" }
func (exception) prefix() string     { return "exc" }
func (movement) prefix() string      { return "mov" }
func (reconcile) prefix() string     { return "recon" }
func (productChange) prefix() string { return "pchg" }
func (photo) prefix() string         { return "photo" }
func (plan) prefix() string          { return "plan" }
func (priceList) prefix() string     { return "plist" }
func (product) prefix() string       { return "prod" }
func (productExport) prefix() string { return "pexp" }
func (promotion) prefix() string     { return "promo" }
func (redemption) prefix() string    { return "redm" }
func (refund) prefix() string        { return "ref" }
func (reservation) prefix() string   { return "rsv" }
func (review) prefix() string        { return "rev" }
func (role) prefix() string          { return "role" }
func (session) prefix() string       { return "sess" }
func (shipOption) prefix() string    { return "sopt" }
func (shipZone) prefix() string      { return "szone" }
func (shipment) prefix() string      { return "ship" }
func (stockMove) prefix() string     { return "move" }
func (tag) prefix() string           { return "tag" }
func (taxExemption) prefix() string  { return "texem" }
func (taxRate) prefix() string       { return "trate" }
func (taxZone) prefix() string       { return "tzone" }
func (trackingMark) prefix() string  { return "trk" }
func (user) prefix() string          { return "user" }
func (variant) prefix() string       { return "var" }
func (vendor) prefix() string        { return "vend" }
func (vendorOrder) prefix() string   { return "ordv" }
func (wishlist) prefix() string      { return "wish" }
func (wishlistItem) prefix() string  { return "witem" }
func (wishlistShare) prefix() string { return "wshare" }
func (alert) prefix() string         { return "alert" }
func (digitalFile) prefix() string   { return "file" }
func (grant) prefix() string         { return "grant" }
func (licenceKey) prefix() string    { return "lkey" }
func (giftCard) prefix() string      { return "gift" }
func (creditEntry) prefix() string   { return "centry" }
func (refundLine) prefix() string    { return "refl" }
func (refundRequest) prefix() string { return "rreq" }
