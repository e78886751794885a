include(GNUInstallDirs)
install(TARGETS damfs damfs-worker RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
