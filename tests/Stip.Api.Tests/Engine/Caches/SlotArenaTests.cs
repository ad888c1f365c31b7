using Stip.Api.Engine;
using Stip.Api.Engine.Caches;

namespace Stip.Api.Tests.Engine.Caches;

public sealed class SlotArenaTests
{
    [Fact]
    public void Move_WhoseCopyFails_LeavesNothingInTheTargetAndTheSessionWhereItWas()
    {
        using var cache = new TornArena { FailsToCopy = true };
        var (arena, session) = Held(cache);

        Assert.Throws<InvalidOperationException>(() => arena.Move(session, 2));

        Assert.Equal((0, session, null), (session.Slot, arena.Holder(0), arena.Holder(2)));
        Assert.Equal([5, 0, 0], cache.Written);
    }

    /// <summary>The slot that keeps rows is the one that could not be zeroed; the session is where its rows are whole.
    /// </summary>
    [Theory]
    [InlineData(0, 2)]
    [InlineData(2, 0)]
    public void Move_OnADeviceThatClearsNoMore_KeepsTheSessionWholeAndTheSlotFromOthers(int uncleared, int whole)
    {
        using var cache = new TornArena { FailsToCopy = uncleared == 2, Uncleared = uncleared };
        var (arena, session) = Held(cache);

        Assert.Throws<InvalidOperationException>(() => arena.Move(session, 2));

        Assert.Equal((whole, session), (session.Slot, arena.Holder(whole)));
        Assert.Equal(5, cache.Written[whole]);
        Assert.False(arena.IsFreeForMoves(uncleared));
        Assert.False(arena.CanIdle(uncleared));
    }

    private static (SlotArena Arena, SessionState Session) Held(TornArena cache)
    {
        var arena = new SlotArena(cache);
        var session = new SessionState("s", "owner", 8, default) { CachedTokens = 5, TouchedTokens = 5 };
        arena.Take(0, session);
        arena.Take(1, new SessionState("t", "owner", 8, default));
        cache.Written[0] = 5;
        return (arena, session);
    }

    /// <summary>Counts the rows in every slot; a copy may end in the middle.</summary>
    private sealed class TornArena : ICacheArena
    {
        public int[] Written { get; } = new int[3];

        public bool FailsToCopy { get; init; }

        /// <summary>A slot that cannot be zeroed; -1 for none.</summary>
        public int Uncleared { get; init; } = -1;

        public int Slots => Written.Length;

        public int CapacityTokens => 8;

        public void Clear(int slot, int usedTokens)
        {
            if (slot == Uncleared)
            {
                throw new InvalidOperationException("the device is lost");
            }

            Written[slot] = 0;
        }

        public void Copy(int source, ICacheArena targetArena, int target, int usedTokens)
        {
            Written[target] = usedTokens;
            if (FailsToCopy)
            {
                throw new InvalidOperationException("the copy fails");
            }
        }

        public void Dispose()
        {
        }
    }
}
