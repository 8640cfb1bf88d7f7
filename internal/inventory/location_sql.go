package inventory

const ensureLocations = `
	INSERT INTO locations (id, vendor_id, name)
	SELECT w.id, w.vendor, @name FROM unnest(@ids::uuid[], @vendors::uuid[]) AS w (id, vendor)
	WHERE NOT EXISTS (SELECT FROM locations l WHERE l.vendor_id = w.vendor)
	ON CONFLICT (vendor_id, name) DO NOTHING`

const firstLocations = `
	SELECT DISTINCT ON (vendor_id) vendor_id, id FROM locations
	WHERE vendor_id = ANY (@vendors) ORDER BY vendor_id, priority, id`

const selectLocations = `
	SELECT id, vendor_id, name, priority, created_at FROM locations
	WHERE @vendor::uuid IS NULL OR vendor_id = @vendor ORDER BY vendor_id, priority, id LIMIT 1000`

const insertLocation = `
	INSERT INTO locations (id, vendor_id, name, priority) VALUES (@id, @vendor, @name, @priority)
	RETURNING id, vendor_id, name, priority, created_at`

const updateLocation = `
	UPDATE locations SET name = COALESCE(@name, name), priority = COALESCE(@priority, priority)
	WHERE id = @id AND (@vendor::uuid IS NULL OR vendor_id = @vendor)
	RETURNING id, vendor_id, name, priority, created_at`
