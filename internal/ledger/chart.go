package ledger

import (
	"slices"

	"souk/internal/money"
)

// Class is what an account is to an accountant.
type Class string

// The classes. Assets and liabilities stand in the balance sheet, revenue and
// expenses in the income statement.
const (
	Asset     Class = "asset"
	Liability Class = "liability"
	Revenue   Class = "revenue"
	Expense   Class = "expense"
)

// Side is where an entry stands.
type Side string

// The sides.
const (
	DebitSide  Side = "debit"
	CreditSide Side = "credit"
)

// A ChartLine says what all accounts of a kind are.
type ChartLine struct {
	Kind   Kind
	Class  Class
	Normal Side // on which a balance is as it should be
}

// chart is in the order of the reports. Cash with couriers has no kind of its own:
// it is the clearing account of party cod.
var chart = []ChartLine{
	{Bank, Asset, DebitSide},
	{Clearing, Asset, DebitSide},
	{Disputes, Asset, DebitSide},
	{PayoutsInTransit, Asset, CreditSide}, // less than is at the bank
	{VendorPayable, Liability, CreditSide},
	{VendorReserve, Liability, CreditSide},
	{BuyerPayable, Liability, CreditSide},
	{CustomerDeposits, Liability, CreditSide},
	{GiftCardLiability, Liability, CreditSide},
	{StoreCreditLiability, Liability, CreditSide},
	{TaxPayable, Liability, CreditSide},
	{CommissionRevenue, Revenue, CreditSide},
	{SalesRevenue, Revenue, CreditSide},
	{ShippingRevenue, Revenue, CreditSide},
	{FeeRevenue, Revenue, CreditSide},
	{PromotionExpense, Expense, DebitSide},
	{GoodwillExpense, Expense, DebitSide},
	{ProviderFees, Expense, DebitSide},
	{DisputeLosses, Expense, DebitSide},
}

// Chart is the chart of accounts, in the order of the reports.
func Chart() []ChartLine { return slices.Clone(chart) }

// lineOf is what the chart says of a kind; nothing of one that a newer program has
// brought.
func lineOf(k Kind) ChartLine {
	for _, l := range chart {
		if l.Kind == k {
			return l
		}
	}
	return ChartLine{Kind: k}
}

// told is a balance as reports tell it: above zero is more of what the class is.
func (c Class) told(balance money.Amount) money.Amount {
	if c == Liability || c == Revenue {
		return money.Zero(balance.Currency).Minus(balance)
	}
	return balance
}
