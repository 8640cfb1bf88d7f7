-- +goose Up
-- To give a dispute up costs as much as to refund it: from the same sum on, somebody
-- else approves it, by the same request.
ALTER TABLE refund_requests
    ADD COLUMN dispute_id uuid REFERENCES payment_disputes,
    DROP CONSTRAINT refund_requests_check1,
    ADD CONSTRAINT refund_requests_outcome CHECK (
        CASE WHEN state = 'approved' THEN (refund_id IS NULL) <> (dispute_id IS NULL) ELSE refund_id IS NULL END);
CREATE UNIQUE INDEX refund_requests_dispute ON refund_requests (dispute_id) WHERE state = 'waiting';

-- Staff were still shown disputes that did not wait for them any more.
UPDATE payment_exceptions e
SET state = 'resolved', resolution = 'the dispute is ' || replace(d.status, '_', ' '), resolved_by = 'system:payments', resolved_at = now()
FROM payment_disputes d
WHERE e.kind = 'dispute' AND e.state = 'open' AND d.payment_id = e.payment_id AND d.ref = e.subject AND d.status <> 'needs_response';
