namespace Stip.Api.Engine.Scheduling;

/// <summary>Whether others decode beside a prompt: their next tokens wait for every chunk of it.</summary>
internal sealed class Neighbours
{
    // Whoever decodes comes back within these, a slow network's way there and back included, or is not waited for.
    private const int ChunksRemembered = 4;
    private SessionState? _only;
    private int _chunks = ChunksRemembered;

    /// <summary>Tells that single rows ran.</summary>
    public void Ran(List<StepTicket> rows)
    {
        _chunks = 0;
        _only = rows.Count == 1 ? rows[0].Session : null;
    }

    /// <summary>True where a session other than this one has decoded lately. Asked once a chunk.</summary>
    public bool AreBeside(SessionState session)
    {
        var areBeside = _chunks < ChunksRemembered && (_only is null || (_only != session && !_only.IsReleased));
        _chunks = Math.Min(_chunks + 1, ChunksRemembered);
        return areBeside;
    }
}
