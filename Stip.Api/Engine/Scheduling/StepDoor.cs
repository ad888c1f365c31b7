using Stip.Protocol.Completions;
using Stip.Protocol.Errors;

namespace Stip.Api.Engine.Scheduling;

/// <summary>What happens to a step's session before and after it runs. Owned by the model's loop.</summary>
internal sealed class StepDoor(SessionTable sessions)
{
    /// <summary>Finds or opens the session and judges the position.</summary>
    public Refusal? Admit(StepTicket ticket)
    {
        var declaration = ticket.Declaration;
        var found = declaration.SessionId is { } id
            ? sessions.Find(ticket.Owner, id, ticket.ArrivedAt)
            : sessions.Open(ticket.Owner, declaration.MaxLength);
        if (!found.Is(out var session, out var refusal))
        {
            return refusal;
        }

        if (declaration.SessionId is null)
        {
            ticket.Enter(session);
        }

        ticket.Session = session;
        sessions.Renew(session);
        refusal = Judge(session, declaration, sessions.MostTokens);
        if (refusal is null && !session.Arena.Cache.CanRewind(session.CachedTokens, declaration.Position))
        {
            // Its caller begins another one.
            refusal = SessionTable.TooFarBack(session.CachedTokens, declaration.Position);
            sessions.Release(session);
            return refusal;
        }

        refusal ??= Reserve(session, declaration);
        if (refusal is not null)
        {
            GiveUp(ticket);
        }

        return refusal;
    }

    /// <summary>Advances the session and answers, once every row has run.</summary>
    public void Finish(StepTicket ticket)
    {
        var (session, declaration) = (ticket.Session, ticket.Declaration);
        if (!ticket.AreNumbers)
        {
            GiveUp(ticket);
            ticket.Finish(new Refusal(
                StipErrorCode.NonFiniteInput,
                "prompt_embeds holds values so large that the model's logits are not finite",
                CompletionFields.PromptEmbeds));
            return;
        }

        session.CachedTokens = declaration.Position + declaration.RowCount;
        sessions.Renew(session);
        var answer = ticket.TakeAnswer();
        if (!declaration.Keep)
        {
            sessions.Release(session);
        }

        ticket.Finish(answer);
    }

    /// <summary>A step that does not end well costs an old session nothing: its length is not advanced. Where bounded
    /// caches have let go of tokens for it, the session is lost.</summary>
    public void GiveUp(StepTicket ticket)
    {
        var session = ticket.Session;
        var position = ticket.RowsDone > 0 ? ticket.Declaration.Position : session.CachedTokens;
        if (ticket.Declaration.SessionId is null || !session.Arena.Cache.CanRewind(session.ReachedTokens, position))
        {
            sessions.Release(session);
        }
        else
        {
            session.CachedTokens = position;
        }
    }

    private Refusal? Reserve(SessionState session, StepDeclaration declaration) =>
        declaration.Source is { } source ? sessions.ReserveSource(session, source.Count) : null;

    private static Refusal? Judge(SessionState session, StepDeclaration declaration, int mostTokens)
    {
        var position = declaration.Position;
        if (position > session.CachedTokens)
        {
            return new Refusal(
                StipErrorCode.PositionAhead,
                $"position {position} is ahead of the cache, which holds {session.CachedTokens}",
                "position");
        }

        var after = (long)position + declaration.RowCount;
        var most = Math.Min(session.MaxLength, mostTokens);
        return after > most ? StepDeclaration.TooLong(after, most) : null;
    }
}
