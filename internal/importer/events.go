package importer

import "souk/internal/id"

// Asked says that a file is to be imported.
type Asked struct {
	ImportID id.Import `json:"import_id"`
}

// ExportAsked says that the catalogue is to be written into a file.
type ExportAsked struct {
	ExportID id.ProductExport `json:"export_id"`
}

// EventName names the event in the log.
func (Asked) EventName() string { return "importer.asked" }

// EventName names the event in the log.
func (ExportAsked) EventName() string { return "importer.export_asked" }
