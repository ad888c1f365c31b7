using System.Buffers;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;

namespace Stip.Api.Engine;

/// <summary>Takes one step: finds or opens the session, judges the position, runs the decoder.</summary>
internal sealed class StepRunner(IDecoder decoder, SessionTable sessions)
{
    public Outcome<StepAnswer> Run(string owner, ValidStep step)
    {
        var declaration = step.Declaration;
        var found = declaration.SessionId is { } id
            ? sessions.Find(owner, id)
            : sessions.Open(owner, declaration.MaxLength);
        if (!found.Is(out var session, out var refusal))
        {
            return refusal;
        }

        var isNew = declaration.SessionId is null;
        var isDone = false;
        try
        {
            var outcome = Append(session, step);
            isDone = outcome.Refusal is null;
            return outcome;
        }
        finally
        {
            // A failed step costs an old session nothing: its length was not advanced.
            if (isDone ? !declaration.Keep : isNew)
            {
                sessions.Release(session);
            }
        }
    }

    private Outcome<StepAnswer> Append(SessionState session, ValidStep step)
    {
        var declaration = step.Declaration;
        var position = declaration.Position;
        if (position > session.CachedTokens)
        {
            return new Refusal(
                StipErrorCode.PositionAhead,
                $"position {position} is ahead of the cache, which holds {session.CachedTokens}",
                "position");
        }

        var after = (long)position + declaration.RowCount;
        if (after > session.MaxLength)
        {
            return StepDeclaration.TooLong(after, session.MaxLength);
        }

        var bytes = declaration.LogitsBytes;
        var logits = ArrayPool<byte>.Shared.Rent(bytes);
        session.TouchedTokens = Math.Max(session.TouchedTokens, (int)after);
        decoder.Run(
            session.Cache, position, step.Rows, declaration.RowCount, declaration.AllRows, logits.AsSpan(0, bytes));
        if (!LogitsRows.AreNumbers(declaration.Decoder.LogitsDtype, logits.AsSpan(0, bytes)))
        {
            ArrayPool<byte>.Shared.Return(logits);
            return new Refusal(
                StipErrorCode.NonFiniteInput,
                "prompt_embeds holds values so large that the model's logits are not finite",
                CompletionFields.PromptEmbeds);
        }

        session.CachedTokens = (int)after;
        sessions.Renew(session);
        return new StepAnswer(
            logits, bytes, declaration.Keep ? session.Id : null, position, (int)after, after == session.MaxLength);
    }
}
