"""What people read: leaderboard, statistics, figures and pages."""
