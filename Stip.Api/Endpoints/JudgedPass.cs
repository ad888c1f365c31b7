using Stip.Api.Engine.Forward;
using Stip.Protocol.Packages;

namespace Stip.Api.Endpoints;

/// <summary>A pass whose declaration was judged.</summary>
/// <param name="Package">Of a hosted model.</param>
/// <param name="Host">Of its graph.</param>
/// <param name="Declared">Its inputs.</param>
/// <param name="Rows">What it is worth.</param>
/// <param name="Wanted">What of it is given back.</param>
internal sealed record JudgedPass(
    PackageManifest Package, ForwardHost Host, DeclaredInputs Declared, int Rows, WantedRows Wanted);
