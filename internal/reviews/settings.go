package reviews

import "souk/internal/platform/settings"

// When a review is published, as [PublishSetting] says.
const (
	PublishAtOnce         = "at_once"
	PublishUnlessDoubtful = "unless_doubtful"
	PublishAfterApproval  = "after_approval"
)

// What staff may decide about reviews.
var (
	PublishSetting = settings.Value[string]{
		Key: "reviews.publish",
		Help: "When a review is published: at once, unless it is doubtful (it holds links or addresses, or repeats what another customer wrote), " +
			"or after staff have approved it.",
		Default: PublishUnlessDoubtful, Choices: []string{PublishAtOnce, PublishUnlessDoubtful, PublishAfterApproval},
	}
	ReportsSetting = settings.Value[int]{
		Key: "reviews.reports", Help: "How many customers have to report a published review until it is hidden and waits for staff.",
		Default: 3, Check: func(n int) bool { return 1 <= n && n <= 1000 }, Rule: "Give a number from 1 to 1000.",
	}
)

// Settings lists what this module declares.
func Settings() []settings.Declared { return []settings.Declared{PublishSetting, ReportsSetting} }
